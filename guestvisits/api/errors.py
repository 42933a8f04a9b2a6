"""How the API says no: every 400 and 404 of a service carries the refusal's name and sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import APIView

from cohorts.errors import Refusal

NOT_FOUND = {"no_group", "no_meeting", "no_person", "no_visit"}


class CalmJSONParser(JSONParser):
    """A hundred thousand brackets are bad input as well, and no failure of ours."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


class RefusingView(APIView):
    """A view whose refusals and bad input are answers of one shape: code and sentence."""

    parser_classes = [CalmJSONParser]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Refusal):
            return _answer(
                exc.code,
                exc.sentence,
                status.HTTP_404_NOT_FOUND if exc.code in NOT_FOUND else status.HTTP_400_BAD_REQUEST,
            )
        if isinstance(exc, ValidationError | ParseError):
            return _answer("bad_input", _sentence(exc.detail), status.HTTP_400_BAD_REQUEST)
        return super().handle_exception(exc)


def _answer(code: str, sentence: str, status_code: int) -> Response:
    return Response({"code": code, "sentence": sentence}, status=status_code)


def _sentence(detail: Any) -> str:
    """One line out of DRF's nested details: "home_meeting_id: A valid integer is required."."""
    if isinstance(detail, dict):
        return " ".join(
            _sentence(value) if key == "non_field_errors" else f"{key}: {_sentence(value)}"
            for key, value in detail.items()
        )
    if isinstance(detail, list):
        return " ".join(_sentence(each) for each in detail)
    return str(detail)
