"""OpenAPI descriptions of the errors that any operation may return."""

from __future__ import annotations

from typing import Any

ERRORS = {
    "400": "Bad input, or refused by a rule: `code` says which.",
    "403": "Not signed in, not permitted, or without the CSRF token.",
    "404": "It does not exist, or is none of your business.",
    "405": "No such method at this address.",
    "406": "JSON is all there is.",
    "429": "Too many requests: the header Retry-After says in how many seconds to try again.",
}
OF_BODIES = {
    "413": "The body is too large.",
    "415": "The body must be JSON.",
}
RETRY_AFTER = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}
BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the common error responses to each operation (a hook of drf-spectacular)."""
    for operations in result["paths"].values():
        for operation in operations.values():
            errors = ERRORS | (OF_BODIES if "requestBody" in operation else {})
            for status, description in errors.items():
                operation["responses"][status] = {"description": description, "content": BODY}
            operation["responses"]["429"]["headers"] = {"Retry-After": RETRY_AFTER}
    return result
