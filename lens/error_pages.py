"""Responses for errors outside the views: pages for people, JSON below /api/."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
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


class ApiErrorsMiddleware:
    """Disables caching below /api/, and turns every error there into JSON: also errors raised
    before a view is found, and those that no view handles."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
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
