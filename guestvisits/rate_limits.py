"""Rate limits for the API, for forms, and for guesses of secret addresses; and their page.

The rates are in settings.RATES. They are counted in the cache, which all web processes share, per
person, or per IP address for people who are not signed in.
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework.throttling import SimpleRateThrottle


class Limit(SimpleRateThrottle):
    """A rate in settings.RATES. A value of None there disables the limit."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__()

    def get_rate(self) -> str | None:
        return settings.RATES[self.name]

    def get_cache_key(self, request: Any, view: Any) -> str:
        who = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return f"rate:{self.name}:{who}"


class Guesses(Limit):
    """Counts only failures, since many people's calendars may be fetched from one IP address."""

    def __init__(self) -> None:
        super().__init__("guesses")

    def throttle_success(self) -> bool:
        return True

    def note_failure(self) -> None:
        if self.rate is not None:
            super().throttle_success()


def seconds_to_wait(limit: Limit, request: Any) -> int:
    """Count one attempt. Return 0 if it is allowed, else the number of seconds to wait."""
    if limit.allow_request(request, None):  # type: ignore[arg-type]
        return 0
    return max(1, math.ceil(limit.wait() or 1))


def explain_wait(seconds: float | None) -> str:
    """Return the message for people who exceeded a limit."""
    when = f"in {math.ceil(seconds)} seconds" if seconds else "in a minute"
    return f"You did this too often in a short time. Try again {when}."


View = Callable[..., HttpResponseBase]


def limited(scope: str) -> Callable[[View], View]:
    """Limit how often a person submits a form of this view; showing it is not limited."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            seconds = seconds_to_wait(Limit(scope), request) if request.method == "POST" else 0
            return too_many(request, seconds) if seconds else view(request, *args, **kwargs)

        return checked

    return decorate


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(
        request, "meetings/too_often.html", {"sentence": explain_wait(seconds)}, status=429
    )
    response["Retry-After"] = str(seconds)
    # For a fragment requested by htmx, replace the whole page.
    response["HX-Retarget"] = "body"
    response["HX-Reswap"] = "innerHTML"
    return response
