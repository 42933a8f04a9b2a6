"""Reading bodies of calls and answers: JSON, a form with JSON in it, a batch, text."""

import json
import re
from typing import Any

# A batch carries whole requests as its parts; their first lines tell what each would do.
INNER_REQUEST = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE) /\S+", re.MULTILINE)
PAYLOAD_JSON = re.compile(rb'name="payload_json".*?\r?\n\r?\n(.*?)\r?\n--', re.DOTALL)
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def parse_body(raw: bytes, content_type: str) -> Any:
    """JSON as values, anything else as text, None when there is nothing."""
    if not raw:
        return None
    if content_type.startswith("multipart/form-data") and (part := PAYLOAD_JSON.search(raw)):
        raw, content_type = part[1], "application/json"
    if "json" in content_type:
        try:
            return json.loads(raw)
        except ValueError:
            pass
    return raw.decode("utf-8", "replace")


def inner_methods(raw: bytes, content_type: str) -> list[str]:
    """The methods of the requests inside a batch; empty for any other body."""
    if not content_type.startswith("multipart/mixed"):
        return []
    return [method.decode() for method in INNER_REQUEST.findall(raw)]


def would_write(method: str, raw: bytes, content_type: str) -> bool:
    """Whether a request asks for a change: a batch does when one of its parts does."""
    inner = inner_methods(raw, content_type)
    return any(m not in READING for m in inner or [method])
