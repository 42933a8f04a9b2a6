"""Sign-in requirement and time zone of pages."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from cohorts.models import User
from cohorts.zones import find_zone
from guestvisits.rate_limits import View, limited


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
    """Redirect to the sign-in page.

    A fragment requested by htmx must not be replaced by the sign-in page, so the client redirects
    instead. A POST is not repeated after signing in, and its URL has no page, so it is not returned
    to.
    """
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    asked_for_page = request.method in {"GET", "HEAD"}
    return redirect_to_login(
        request.get_full_path() if asked_for_page else resolve_url(settings.LOGIN_REDIRECT_URL)
    )
