"""Answer multipart/mixed batches: each part is a call, answered in a part of its own."""

import secrets
from email import message_from_string
from email.message import Message
from http import HTTPStatus

from calendarsync.sandbox.errors import GoogleError, bad_request
from calendarsync.sandbox.requests.call import Answer, Call, parse_call
from calendarsync.sandbox.requests.dispatch import answer
from calendarsync.sandbox.state import State

LIMIT = 50  # calls in one request


def answer_batch(state: State, content_type: str, body: str, headers: dict[str, str]) -> tuple:
    """Return `(boundary, text)` of the response; raise GoogleError if the batch is refused."""
    parts = _parts(content_type, body)
    if len(parts) > LIMIT:
        message = f"The batch request exceeds the limit of {LIMIT} calls."
        raise GoogleError(400, "badRequest", message)
    boundary = f"batch_{secrets.token_urlsafe(16)}"
    # Parse all calls before carrying out the first one.
    calls = [(part["Content-ID"], _call(part, headers)) for part in parts]
    answered = [_written(boundary, part_id, answer(state, call)) for part_id, call in calls]
    return boundary, "".join(answered) + f"--{boundary}--\r\n"


def _parts(content_type: str, body: str) -> list[Message]:
    whole = message_from_string(f"Content-Type: {content_type}\r\n\r\n{body}")
    parts = whole.get_payload()
    if whole.get_content_type() != "multipart/mixed" or not isinstance(parts, list):
        raise bad_request("Failed to parse batch request.")
    return [part for part in parts if isinstance(part, Message)]


def _call(part: Message, outer: dict[str, str]) -> Call:
    """Return the call in a part. A part without credentials uses those of the batch."""
    text = str(part.get_payload())
    line, _, rest = text.lstrip().partition("\n")
    words = line.split()
    if part.get_content_type() != "application/http" or len(words) < 2:
        raise bad_request("Failed to parse batch request.")
    inner = message_from_string(rest)
    headers = dict(outer) | {name.lower(): value for name, value in inner.items()}
    return parse_call(words[0], words[1], headers, str(inner.get_payload()).encode())


def _written(boundary: str, part_id: str | None, answered: Answer) -> str:
    text = answered.text()
    headers = {"Content-Type": "application/json; charset=UTF-8", **answered.headers}
    headers["Content-Length"] = str(len(text.encode()))
    lines = [f"--{boundary}", "Content-Type: application/http"]
    if part_id:
        lines.append(f"Content-ID: {_reply_id(part_id)}")
    status = f"HTTP/1.1 {answered.status} {HTTPStatus(answered.status).phrase}"
    lines += ["", status, *(f"{name}: {value}" for name, value in headers.items()), "", text]
    return "\r\n".join([*lines, ""])


def _reply_id(part_id: str) -> str:
    return f"<response-{part_id[1:]}" if part_id.startswith("<") else f"response-{part_id}"
