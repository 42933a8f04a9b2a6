"""Shows the pages of learners and facilitators as the person whom a member of staff views.

    page                                  | while viewing
    --------------------------------------|----------------------------------------------------
    below /admin/                         | the viewer's own, with the banner
    signing out                           | signs the viewer out, which ends the view
    any other, sent (not GET or HEAD)     | refused, before anything else reads it
    in SHOWN                              | as the person sees it, the database read-only
    any other                             | refused

The forms of a viewed page carry a token that is never valid: neither the page of a view that has
ended nor one in another tab can change anything with the viewer's own rights.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django_htmx.http import HttpResponseClientRedirect

from cohorts.models import User
from lens.view_as.read_only import is_refused_write, read_only
from lens.view_as.viewing import Viewing, find_viewing, is_viewing, stop_viewing

# The pages that can be viewed as their person. A new one has to be considered first. Left out are
# pages that show a secret or a file (the calendar address, a meeting's file, one's own data), those
# that concern the session or need none (sign-in, security, links in e-mails), and the API.
SHOWN = frozenset(
    {
        *("home", "my-meetings", "set-up", "choose-zone", "choose-messages"),
        *("alternatives", "progress", "choose-group", "join-group"),
        *("my-groups", "group", "move-group", "move-meeting", "write-at-risk"),
        *("ask-substitute", "substitution"),
    }
)


log = logging.getLogger(__name__)

STAFF_PAGES, API = "/admin/", "/api/"
READS = {"GET", "HEAD"}
FORM = "Nothing was changed: you see Lens as {name} does, and can only look."
PAGE = "This page is not shown while you see Lens as {name} does."
WRITES = "This page cannot be shown as {name} sees it, because opening it would change something."
ENDED = (
    "You see Lens as yourself again: viewing as someone else ends after 30 minutes, or when it is "
    "no longer allowed."
)


class ViewedRequest(HttpRequest):
    viewing: Viewing
    user: User


class ChangingPage(HttpResponse):
    """Stands for a page that tried to change something, until its explanation takes its place."""


class ViewAsMiddleware:
    """Innermost: the others check the viewer's session, second factor and confirmation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without the cookie there is no session, so none is read.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not is_viewing(request):
            return self.get_response(request)
        viewing = find_viewing(request)
        if viewing is None:
            return self._end(request)
        viewed, viewer = cast(ViewedRequest, request), request.user
        viewed.viewing = viewing
        if is_of_viewer(request):
            return self.get_response(request)
        try:
            response = self._answer(viewed)
        finally:
            request.user = viewer
        response["Cache-Control"] = "no-store"
        return response

    def _end(self, request: HttpRequest) -> HttpResponseBase:
        """End the view. What was asked for as the person is not done as the viewer."""
        stop_viewing(request)
        if is_of_viewer(request):
            return self.get_response(request)
        messages.info(request, ENDED)
        start = reverse("admin:index")
        is_part = "HX-Request" in request.headers
        return HttpResponseClientRedirect(start) if is_part else redirect(start)

    def _answer(self, request: ViewedRequest) -> HttpResponseBase:
        if request.method not in READS:
            return refuse(request, FORM)
        with read_only(), invalid_forms(request):
            response = self.get_response(request)
        return refuse(request, WRITES) if isinstance(response, ChangingPage) else response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """From here on the request is the person's."""
        if not hasattr(request, "viewing") or is_of_viewer(request):
            return None
        viewed = cast(ViewedRequest, request)
        if request.resolver_match and request.resolver_match.view_name in SHOWN:
            viewed.user = viewed.viewing.person
            return None
        return refuse(viewed, PAGE)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not hasattr(request, "viewing") or not is_refused_write(error):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        log.error("View as: the page %r changes something when it is opened", name)
        return ChangingPage()


def is_of_viewer(request: HttpRequest) -> bool:
    """Return whether the viewer asks for something of their own."""
    path = request.path_info
    return path.startswith(STAFF_PAGES) or path == reverse("logout")


@contextmanager
def invalid_forms(request: HttpRequest) -> Iterator[None]:
    """Have forms that are written in the block carry a token that no cookie belongs to."""
    kept = request.META["CSRF_COOKIE"]  # `find_viewing` asked for the token
    request.META["CSRF_COOKIE"] = get_random_string(CSRF_SECRET_LENGTH)
    try:
        yield
    finally:
        request.META["CSRF_COOKIE"] = kept


def refuse(request: ViewedRequest, text: str) -> HttpResponse:
    """Return the sentence in the frame of the person's pages; to programs as JSON."""
    sentence = text.format(name=request.viewing.person.display_name)
    if request.path_info.startswith(API):
        body = {"code": "viewing_as", "sentence": sentence, "detail": sentence}
        return JsonResponse(body, status=403)
    if "HX-Request" in request.headers:  # htmx shows no page that is a refusal
        return _refuse_part(request, sentence)
    request.user = request.viewing.person
    return render(request, "view_as/refused.html", {"sentence": sentence}, status=403)


def _refuse_part(request: ViewedRequest, sentence: str) -> HttpResponse:
    """Have the browser open the page itself, or open the one again that holds the form."""
    if request.method in READS:
        return HttpResponse(status=403, headers={"HX-Redirect": request.get_full_path()})
    messages.error(request, sentence)
    return HttpResponse(status=403, headers={"HX-Refresh": "true"})
