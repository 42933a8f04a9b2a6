"""Parse bodies of requests and responses: JSON, forms with JSON, batches and text."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

# The parts of a batch are whole requests; their first lines contain the methods.
INNER_REQUEST = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE) /\S+", re.MULTILINE)
PAYLOAD_JSON = re.compile(rb'name="payload_json".*?\r?\n\r?\n(.*?)\r?\n--', re.DOTALL)
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
# Recordings are shown and stored, so they must not contain credentials.
SECRETS = frozenset(
    {"client_secret", "code", "code_verifier", "token", "access_token", "refresh_token"}
)
HIDDEN = "(hidden)"
# URLs of interactions and webhooks contain a token.
TOKEN_IN_PATH = re.compile(r"(/(?:interactions|webhooks)/\d+/)[^/]+")


def parse_body(raw: bytes, content_type: str) -> Any:
    """Return JSON as values, anything else as text, and None for an empty body."""
    if not raw:
        return None
    if content_type.startswith("multipart/form-data") and (part := PAYLOAD_JSON.search(raw)):
        raw, content_type = part[1], "application/json"
    if content_type.startswith(FORM):
        return hide_in_form(raw.decode("utf-8", "replace"))
    if "json" in content_type:
        try:
            return hide_in_json(json.loads(raw))
        except ValueError:
            pass
    return raw.decode("utf-8", "replace")


def hide_in_form(text: str) -> str:
    fields = parse_qsl(text, keep_blank_values=True)
    return urlencode([(name, HIDDEN if name in SECRETS else value) for name, value in fields])


def hide_in_path(path: str) -> str:
    return TOKEN_IN_PATH.sub(rf"\1{HIDDEN}", path)


def hide_in_json(body: Any) -> Any:
    """Hide the tokens in a response that has an `access_token`; leave other bodies unchanged."""
    if not isinstance(body, dict) or "access_token" not in body:
        return body
    return {name: HIDDEN if name in SECRETS else value for name, value in body.items()}


def inner_methods(raw: bytes, content_type: str) -> list[str]:
    """Return the methods of the requests inside a batch; empty for any other body."""
    if not content_type.startswith("multipart/mixed"):
        return []
    return [method.decode() for method in INNER_REQUEST.findall(raw)]


def would_write(method: str, raw: bytes, content_type: str) -> bool:
    """Return whether a request asks for a change. A batch does if one of its parts does."""
    inner = inner_methods(raw, content_type)
    return any(m not in READING for m in inner or [method])
