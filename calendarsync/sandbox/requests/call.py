"""A call, received alone or as part of a batch, and its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from calendarsync.sandbox.errors import GoogleError, not_signed_in, wrong_credentials


@dataclass(frozen=True)
class Call:
    """One HTTP request. `path` is still percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        return "" if self.body is None else json.dumps(self.body, indent=1)


def parse_call(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Return the call. `target` is the path and query as they were sent.

    A query that is too long for a URL is sent as a form, with the real method in a header.
    """
    path, _, query = target.partition("?")
    lowered = {name.lower(): value for name, value in headers.items()}
    override = lowered.get("x-http-method-override")
    if method == "POST" and override:
        method = override
        if lowered.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            query, body = body.decode(errors="replace"), b""
    return Call(method, path, parse_qs(query, keep_blank_values=True), lowered, body)


def check_signed_in(headers: Mapping[str, str]) -> None:
    """Accept any bearer token; raise GoogleError without one."""
    given = headers.get("authorization")
    if given is None:
        raise not_signed_in()
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise wrong_credentials()


def read_body(call: Call) -> dict[str, Any]:
    """Return the JSON object that was sent; raise GoogleError if it is something else."""
    try:
        body = json.loads(call.body)
    except ValueError:
        body = None
    json_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not isinstance(body, dict) or json_type != "application/json":
        raise GoogleError(400, "parseError", "Parse Error")
    return body
