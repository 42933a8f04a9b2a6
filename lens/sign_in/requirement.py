"""Require a second factor of staff, where REQUIRE_STAFF_MFA is on.

    second factor | used in this session | they are redirected to
    --------------|----------------------|--------------------------------
    none          |                      | the page on which it is set up
    set up        | no                   | the page that asks for a code
    set up        | yes                  | what they asked for

Every address is closed to them until then, except those that set up and ask for the factor, and
those that depend on no session: probes, static files, addresses with a token of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from lens.sign_in.second_factor import has_second_factor, is_privileged, is_proved

OPEN = frozenset(
    {
        *("healthz", "feed", "unsubscribe"),
        *("login", "account_login", "logout", "sign-in-as", "discord_login", "discord_callback"),
        *("password_reset", "password_reset_done"),
        *("password_reset_confirm", "password_reset_complete"),
        *("mfa_authenticate", "mfa_activate_totp", "mfa_reauthenticate", "account_reauthenticate"),
    }
)
SENTENCE = "Staff need a second factor. Open /security/ in a browser and set one up or use it."


class StaffSecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        if not settings.REQUIRE_STAFF_MFA or name in OPEN:
            return None
        user = request.user
        if not user.is_authenticated or not is_privileged(user):
            return None
        has_one = has_second_factor(user)
        if has_one and is_proved(request, user):
            return None
        return _lead(request, "mfa_reauthenticate" if has_one else "mfa_activate_totp")


def _lead(request: HttpRequest, name: str) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        body = {"code": "second_factor_required", "sentence": SENTENCE, "detail": SENTENCE}
        return JsonResponse(body, status=403, headers={"Cache-Control": "no-store"})
    asked = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    answer = redirect_to_login(asked, login_url=reverse(name))
    if "HX-Request" in request.headers:  # htmx would insert a whole page into this one
        return HttpResponseClientRedirect(answer.url)
    return answer
