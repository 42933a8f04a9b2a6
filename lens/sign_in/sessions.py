"""Expiry of staff sessions after some hours, and sooner if they are idle."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from guestvisits.views.signed_in import SIGNED_OUT_NOW, sign_in_again
from lens.sign_in.second_factor import is_privileged

SIGNED_IN_AT = "signed_in_at"  # seconds since 1970, like SEEN_AT
SEEN_AT = "seen_at"
SEEN_EVERY = 60  # seconds; each update is a write


def has_ended(session: Mapping[str, Any], *, now: float) -> bool:
    """Whether a staff session has expired. One without a recorded start has."""
    begun = session.get(SIGNED_IN_AT, 0)
    idle = now - max(begun, session.get(SEEN_AT, 0))
    return (
        now - begun >= settings.STAFF_SESSION["hours"] * 3600
        or idle >= settings.STAFF_SESSION["idle_minutes"] * 60
    )


class StaffSessionMiddleware(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> None:
        # Without the cookie no one is signed in, so the database is not queried.
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and is_privileged(request.user):
            self._check(request, now=time.time())

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Lead from a form that was sent after the session had ended to signing in, and back."""
        if not _is_staff_form(request) or request.user.is_authenticated:
            return None
        return sign_in_again(request, reverse("admin:login"), "admin:index")

    def _check(self, request: HttpRequest, *, now: float) -> None:
        if has_ended(request.session, now=now):
            logout(request)
            setattr(request, SIGNED_OUT_NOW, True)
            messages.info(request, "You were signed out to protect your account. Sign in again.")
        elif not _is_background_request(request) and _was_seen_before(request, now - SEEN_EVERY):
            request.session[SEEN_AT] = now


def _is_background_request(request: HttpRequest) -> bool:
    """Whether an open page polls for a part of itself, which is not activity of a person."""
    asks = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    return asks and request.method == "GET"


def _is_staff_form(request: HttpRequest) -> bool:
    if request.method != "POST" or "HX-Request" in request.headers:
        return False
    others = (reverse("admin:login"), reverse("admin:logout"))
    return request.path.startswith(reverse("admin:index")) and request.path not in others


def _was_seen_before(request: HttpRequest, moment: float) -> bool:
    session = request.session
    return max(session.get(SEEN_AT, 0), session.get(SIGNED_IN_AT, 0)) <= moment
