"""API errors: every error is JSON with a `code` for programs and a `sentence` for people.

`detail` repeats the sentence, because clients of REST framework APIs expect it.
"""

import json
from collections.abc import Mapping
from typing import IO, Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, serializers, status
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView, exception_handler

from cohorts.errors import Refusal
from guestvisits.rate_limits import Limit, explain_wait

NOT_FOUND = frozenset({"no_group", "no_meeting", "no_person", "no_substitution", "no_visit"})
NO_CSRF = "The CSRF token is missing or wrong. Send the cookie's value in the header X-CSRFToken."


class SafeJSONParser(JSONParser):
    """A JSON parser that reports deep nesting, and text that cannot be encoded, as bad input (400)
    instead of failing (500)."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise exceptions.ParseError("The JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise exceptions.ParseError("The JSON contains half of a surrogate pair.") from error
        return data


class RefusalView(APIView):
    """A view whose services raise Refusal. Codes in `not_found` become a 404, all others a 400."""

    parser_classes = [SafeJSONParser]
    not_found: frozenset[str] = NOT_FOUND
    limits: Mapping[str, str] = {}  # by method: a rate in settings.RATES, besides the general one

    @property
    def person_id(self) -> int:
        return cast(int, self.request.user.pk)

    def checked(self, shape: type[serializers.Serializer], data: Any = None) -> dict[str, Any]:
        """Return the body, or other data, as the serializer reads it. Raises ValidationError."""
        serializer = shape(data=self.request.data if data is None else data)
        serializer.is_valid(raise_exception=True)
        return cast(dict[str, Any], serializer.validated_data)

    def get_throttles(self) -> list[BaseThrottle]:
        scope = self.limits.get(str(self.request.method))
        return [Limit(each) for each in ("general", scope) if each]


def handle_exception(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Convert an exception to a response (REST framework's EXCEPTION_HANDLER).

    Returns None for unexpected exceptions, which become a 500.
    """
    if isinstance(error, Refusal):
        not_found = getattr(context["view"], "not_found", NOT_FOUND)
        status_code = (
            status.HTTP_404_NOT_FOUND if error.code in not_found else status.HTTP_400_BAD_REQUEST
        )
        return Response(error_body(error.code, error.sentence), status=status_code)
    response = exception_handler(error, dict(context))  # keeps headers such as Retry-After
    if response is not None:
        response.data = error_body(*_describe(error))
    return response


def error_body(code: str, sentence: str) -> dict[str, str]:
    """Return the body that all errors below /api/ have."""
    return {"detail": sentence, "code": code, "sentence": sentence}


def _describe(error: Exception) -> tuple[str, str]:
    """Return the code and the sentence for an exception that REST framework handles."""
    if isinstance(error, exceptions.ValidationError | exceptions.ParseError):
        return "bad_input", _sentence(error.detail)
    if isinstance(error, Http404):
        return "not_found", str(error) or str(exceptions.NotFound.default_detail)
    if isinstance(error, PermissionDenied):
        return "permission_denied", str(exceptions.PermissionDenied.default_detail)
    if isinstance(error, exceptions.Throttled):
        return "throttled", explain_wait(getattr(error, "wait", None))
    assert isinstance(error, exceptions.APIException)
    sentence = _sentence(error.detail)
    if sentence.startswith("CSRF Failed"):
        return "csrf_failed", NO_CSRF
    return str(error.get_codes()), sentence


def _sentence(detail: Any) -> str:
    """Flatten DRF's nested details to one line: "home_meeting_id: A valid integer is required." """
    if isinstance(detail, dict):
        return " ".join(
            _sentence(value) if key == "non_field_errors" else f"{key}: {_sentence(value)}"
            for key, value in detail.items()
        )
    if isinstance(detail, list):
        return " ".join(_sentence(each) for each in detail)
    return str(detail)


# -- the OpenAPI description -----------------------------------------------------------------------

ERRORS = {
    "400": "Invalid input, or refused by a rule. `code` identifies the rule.",
    "403": "Not signed in, no permission, or the CSRF token is missing.",
    "404": "It does not exist, or you have no access to it.",
    "405": "Method not allowed.",
    "406": "Only JSON is available.",
    "429": "Too many requests. Try again after the number of seconds in the Retry-After header.",
}
OF_BODIES = {
    "413": "The body is too large.",
    "415": "The body must be JSON.",
}
RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
ERROR_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the common error responses to each operation (a hook of drf-spectacular)."""
    for operations in result["paths"].values():
        for operation in operations.values():
            errors = ERRORS | (OF_BODIES if "requestBody" in operation else {})
            for code, description in errors.items():
                operation["responses"][code] = {"description": description, "content": ERROR_BODY}
            operation["responses"]["429"]["headers"] = {"Retry-After": RETRY_AFTER}
    return result
