"""OpenAPI descriptions of the errors that any operation may return."""

from __future__ import annotations

from typing import Any

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
