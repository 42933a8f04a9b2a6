"""A bounded list of the calls that were received, in order."""

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from lens.sandbox.bodies import hide_in_path, parse_body

MAX_CALLS = 20_000
MAX_BYTES = 128 * 1024 * 1024

# Recordings are shown and stored, so they must not contain credentials.
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(slots=True, eq=False)
class Call:
    """One request and its outcome. `status` stays None if no answer was sent."""

    service: str
    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    auth_scheme: str | None
    raw_body: bytes
    client: int | None
    started: float
    number: int = 0
    status: int | None = None
    effect_status: int | None = None
    raw_response: bytes = b""
    response_headers: dict[str, str] = field(default_factory=dict)
    wrote: bool = False
    injected: bool = False
    fault: str | None = None
    held: bool = False
    seconds: float | None = None
    crash: str | None = None

    @property
    def content_type(self) -> str | None:
        return self.headers.get("Content-Type")

    @property
    def shown_path(self) -> str:
        return hide_in_path(self.path)

    @property
    def body(self) -> Any:
        """The request's body: JSON as values, anything else as text, None if it is empty."""
        return parse_body(self.raw_body, self.content_type or "")

    @property
    def response(self) -> Any:
        return parse_body(self.raw_response, self.response_headers.get("Content-Type", ""))

    @property
    def size(self) -> int:
        return len(self.raw_body) + len(self.raw_response)

    def answer(self, response: web.Response) -> None:
        """Store the answer that is about to be sent."""
        self.status = response.status
        self.response_headers = dict(response.headers)
        self.raw_response = body_of(response)

    def describe(self) -> dict[str, Any]:
        """Return the call as a JSON object, the same for the control endpoints and recordings."""
        return {
            "number": self.number,
            "service": self.service,
            "method": self.method,
            "path": self.shown_path,
            "query": dict(parse_qsl(self.query_string, keep_blank_values=True)),
            "query_string": self.query_string,
            "headers": self.headers,
            "auth_scheme": self.auth_scheme,
            "content_type": self.content_type,
            "body": self.body,
            "status": self.status,
            "effect_status": self.effect_status,
            "response": self.response,
            "response_headers": self.response_headers,
            "wrote": self.wrote,
            "injected": self.injected,
            "fault": self.fault,
            "held": self.held,
            "crash": self.crash,
            "client": self.client,
            "started": datetime.fromtimestamp(self.started, UTC).isoformat(),
            "seconds": self.seconds,
        }


def body_of(response: web.Response) -> bytes:
    return bytes(response.body) if isinstance(response.body, bytes | bytearray) else b""


def begin_call(request: web.Request, service: str, raw_body: bytes) -> Call:
    scheme, space, _ = request.headers.get("Authorization", "").partition(" ")
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return Call(
        service=service,
        method=request.method,
        path=request.path,
        query_string=request.query_string,
        headers={k: v for k, v in request.headers.items() if k.lower() not in SECRET_HEADERS},
        auth_scheme=scheme if space else None,
        raw_body=raw_body,
        client=peer[1] if peer else None,
        started=time.time(),
    )


class Journal:
    """The newest calls: at most `max_calls` of them, and at most `max_bytes` of bodies."""

    def __init__(self, *, max_calls: int = MAX_CALLS, max_bytes: int = MAX_BYTES) -> None:
        self.max_calls = max_calls
        self.max_bytes = max_bytes
        self.reset()

    def reset(self) -> None:
        self.last = 0
        self._bytes = 0
        self._calls: deque[Call] = deque()
        self._open: set[Call] = set()

    def add(self, call: Call) -> None:
        """Number and store a call that was just received."""
        self.last += 1
        call.number = self.last
        self._calls.append(call)
        self._open.add(call)
        self._bytes += call.size

    def finish(self, call: Call) -> None:
        """Mark a call as finished. One from before a reset is ignored."""
        if call not in self._open:
            return
        self._open.remove(call)
        call.seconds = round(time.time() - call.started, 6)
        self._bytes += len(call.raw_response)
        while self._calls and (len(self._calls) > self.max_calls or self._bytes > self.max_bytes):
            self._bytes -= self._calls.popleft().size

    def since(self, number: int) -> Iterator[Call]:
        return (call for call in self._calls if call.number > number)

    def latest(self, count: int) -> list[Call]:
        """Return the newest calls, newest first."""
        return list(islice(reversed(self._calls), count))

    def describe(self, since: int) -> dict[str, Any]:
        first = self._calls[0].number if self._calls else self.last + 1
        return {
            "calls": [call.describe() for call in self.since(since)],
            "last": self.last,
            "first": first,
        }


def as_line(call: Call) -> str:
    """Return the call as a line for the conformance checkers."""
    return json.dumps(call.describe()) + "\n"
