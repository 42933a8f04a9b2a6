"""Rate limits of pages (see guestvisits.limits): a page that says when to try again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from guestvisits.limits import Limit, explain_wait, seconds_to_wait

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
