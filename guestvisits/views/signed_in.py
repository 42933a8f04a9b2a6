"""Sign-in requirement and time zone of pages."""

from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from cohorts.models import User
from cohorts.zones import find_zone
from guestvisits.rate_limits import View, limited

# Set on a request whose session was just ended, with a message that says so.
SIGNED_OUT_NOW = "signed_out_now"


class SignedInRequest(HttpRequest):
    """The request that a view decorated with `signed_in` gets."""

    user: User


def signed_in(view: View) -> View:
    """Require a signed-in user, and show times in their zone."""

    limited_view = limited("general")(view)

    @never_cache
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        with timezone.override(find_zone(request.user.timezone)):
            return limited_view(request, *args, **kwargs)

    return checked


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, and then back.

    A fragment requested by htmx must not be replaced by the sign-in page, so the client redirects
    instead. A fragment that was not sent by a form has no page to return to.
    """
    is_part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    if request.method not in {"GET", "HEAD"}:
        answer = sign_in_again(request, settings.LOGIN_URL, settings.LOGIN_REDIRECT_URL)
        return HttpResponseClientRedirect(answer.url) if is_part else answer
    if is_part:
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    return redirect_to_login(request.get_full_path())


def sign_in_again(request: HttpRequest, login: str, otherwise: str) -> HttpResponseRedirect:
    """Redirect from a form that was sent after the session had ended to signing in, then back to
    the form's page: what was sent is not repeated, and its own address may have no page.
    `otherwise`: the page to return to if the form's is not known."""
    was_told = hasattr(request, SIGNED_OUT_NOW)
    messages.warning(
        request,
        "Nothing was changed." if was_told else "You were signed out, so nothing was changed.",
    )
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return redirect_to_login(resolve_url(otherwise), login)
    return redirect_to_login(urlsplit(page)._replace(scheme="", netloc="").geturl(), login)
