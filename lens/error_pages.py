"""Responses for errors outside the views: pages for people, JSON below /api/."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    QueryDict,
)
from django.http.multipartparser import MultiPartParserError
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request, page_not_found

from guestvisits.api.errors import error_body

API = "/api/"
# Code and sentence, by status, of errors that are raised outside the API's own views.
ERRORS = {
    400: ("bad_request", "This request is invalid."),
    403: ("permission_denied", "You do not have permission to do this."),
    404: ("not_found", "Not found. See /api/docs/ for all endpoints."),
    405: ("method_not_allowed", "This method is not allowed here."),
    413: ("too_large", "This request is too large."),
    500: ("failure", "Something went wrong, and the error was logged. Try again in a minute."),
}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for a 404. It reads the CSRF token from the form, which may be malformed."""
    try:
        return page_not_found(request, exception)
    except MultiPartParserError as error:
        return bad_request(request, error)


class ZeroByteMiddleware(MiddlewareMixin):
    """Refuses a request that contains a zero byte, which no text in PostgreSQL can hold: any query
    with it would fail. Uploaded files and the bodies of the API have their own checks."""

    def process_request(self, request: HttpRequest) -> None:
        _refuse_zero_byte(*request.COOKIES.values(), *_texts(request.GET))

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Check the path, and the form, which the CSRF check before this one has read."""
        if "\0" in request.path_info:
            raise Http404("No address contains a zero byte.")
        if not getattr(view, "csrf_exempt", False):
            _refuse_zero_byte(*_texts(request.POST))


def _texts(fields: QueryDict) -> list[str]:
    return [text for name, values in fields.lists() for text in (name, *values)]


def _refuse_zero_byte(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise BadRequest("The request contains a zero byte.")


class ApiErrorsMiddleware(MiddlewareMixin):
    """Disables caching below /api/, and turns every error there into JSON: also errors raised
    before a view is found, and those that no view handles."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not request.path_info.startswith(API):
            return response
        response["Cache-Control"] = "no-store"
        is_json = response.get("Content-Type", "").startswith("application/json")
        if response.status_code >= 400 and not is_json and isinstance(response, HttpResponse):
            _become_json(response)
        return response


def _become_json(response: HttpResponse) -> None:
    """Replace the body by the error's JSON and keep the other headers."""
    other = 500 if response.status_code >= 500 else 400
    code, sentence = ERRORS.get(response.status_code, ERRORS[other])
    said = JsonResponse(error_body(code, sentence))
    response.content = said.content
    response["Content-Type"] = said["Content-Type"]
    response["Content-Length"] = str(len(said.content))
