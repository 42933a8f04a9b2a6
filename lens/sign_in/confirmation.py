"""Ask for password or code again before sensitive changes, unless done in the last 10 minutes.

    on the admin's page of          | needed
    --------------------------------|--------------------------
    your own password               | to see the form
    another person's password       | to see the form
    a person who is or becomes staff| to save or delete
    any other person                | no
    a permission group              | to add, save or delete
    several people or groups        | to delete
    erasing a person                | to begin

allauth's own pages already ask. People with neither password nor second factor are not
asked: Discord offers no way to sign in again on demand.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    suspend_request,
)
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from cohorts.admin.people import RIGHTS
from cohorts.models import User

PASSWORD_FORMS = frozenset({"admin:password_change", "admin:auth_user_password_change"})
PERSON_FORMS = frozenset({"admin:cohorts_user_change", "admin:cohorts_user_delete"})
GROUP_FORMS = frozenset({f"admin:auth_group_{act}" for act in ("add", "change", "delete")})
LISTS = frozenset({"admin:cohorts_user_changelist", "admin:auth_group_changelist"})
ERASING = "erase-person"


class ConfirmationMiddleware(MiddlewareMixin):
    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Ask; allauth then continues with the form that was sent."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if not needs_confirmation(request, name, kwargs) or not request.user.is_authenticated:
            return None
        if not is_reauthentication_required(request, app="lens"):
            return None
        [method, *_] = get_adapter().get_reauthentication_methods(request.user)
        if name in PASSWORD_FORMS:  # else the session would store the password
            return redirect_to_login(request.get_full_path(), login_url=method["url"])
        answer: HttpResponseBase = suspend_request(request, method["url"])
        return answer


def needs_confirmation(request: HttpRequest, name: str, kwargs: dict[str, Any]) -> bool:
    if name in PASSWORD_FORMS:
        return True
    if request.method != "POST":
        return False
    if name in LISTS:
        return "delete_selected" in request.POST.getlist("action")
    if name in PERSON_FORMS:
        becomes_staff = any(right in request.POST for right in RIGHTS)
        return becomes_staff or _is_staff(request, kwargs["object_id"])
    return name in GROUP_FORMS or name == ERASING


def _is_staff(request: HttpRequest, object_id: str) -> bool:
    """Return whether the person is staff, found as the admin does: it also reads +5 and 005."""
    person = admin.site.get_model_admin(User).get_object(request, unquote(object_id))
    return person is not None and person.is_privileged
