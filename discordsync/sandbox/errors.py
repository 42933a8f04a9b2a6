"""Refusals in Discord's format: HTTP status, numeric code, sentence, nested form errors."""

import json
import time
from typing import Any

from aiohttp import web

# name -> (HTTP status, Discord's code, Discord's sentence)
REFUSALS: dict[str, tuple[int, int, str]] = {
    "unauthorized": (401, 0, "401: Unauthorized"),
    "not_found": (404, 0, "404: Not Found"),
    "method_not_allowed": (405, 0, "405: Method Not Allowed"),
    "unknown_channel": (404, 10003, "Unknown Channel"),
    "unknown_guild": (404, 10004, "Unknown Guild"),
    "unknown_member": (404, 10007, "Unknown Member"),
    "unknown_message": (404, 10008, "Unknown Message"),
    "unknown_overwrite": (404, 10009, "Unknown Overwrite"),
    "unknown_role": (404, 10011, "Unknown Role"),
    "unknown_user": (404, 10013, "Unknown User"),
    "unknown_webhook": (404, 10015, "Unknown Webhook"),
    "unknown_interaction": (404, 10062, "Unknown interaction"),
    "unknown_command": (404, 10063, "Unknown application command"),
    "unknown_event": (404, 10070, "Unknown Guild Scheduled Event"),
    "wrong_application": (
        403,
        20012,
        "You are not authorized to perform this action on this application",
    ),
    "too_many_commands": (400, 30032, "Maximum number of application commands reached (100)"),
    "too_many_commands_a_day": (
        400,
        30034,
        "Max number of daily application command creates has been reached (200)",
    ),
    "too_many_guilds": (400, 30001, "Maximum number of servers reached (100)"),
    "too_many_roles": (400, 30005, "Maximum number of server roles reached (250)"),
    "too_many_channels": (400, 30013, "Maximum number of server channels reached (500)"),
    "too_many_events": (
        400,
        30038,
        "Maximum number of guild scheduled events reached (100)",
    ),
    "too_many_overwrites": (
        400,
        30060,
        "Maximum number of channel permissions overwrites reached (1000)",
    ),
    "opening_dms_too_fast": (403, 40003, "You are opening direct messages too fast"),
    "banned": (403, 40007, "The user is banned from this guild."),
    "already_answered": (400, 40060, "Interaction has already been acknowledged."),
    "missing_access": (403, 50001, "Missing Access"),
    "wrong_author": (403, 50005, "Cannot edit a message authored by another user"),
    "empty_message": (400, 50006, "Cannot send an empty message"),
    "cannot_message_user": (403, 50007, "Cannot send messages to this user"),
    "not_a_text_channel": (400, 50008, "Cannot send messages in a non-text channel"),
    "missing_permissions": (403, 50013, "Missing Permissions"),
    "wrong_channel_type": (400, 50024, "Cannot execute action on this channel type"),
    "invalid_access_token": (403, 50025, "Invalid OAuth2 access token"),
    "invalid_webhook_token": (401, 50027, "Invalid Webhook Token"),
    "invalid_role": (400, 50028, "Invalid role"),
    "invalid_recipient": (400, 50033, "Invalid Recipient(s)"),
    "invalid_json": (400, 50109, "The request body contains invalid JSON."),
    "two_factor_required": (403, 60003, "Two factor is required for this operation"),
    "event_finished": (400, 180000, "Cannot update a finished event"),
}

FAULTS: dict[int, tuple[int, str]] = {
    400: (0, "400: Bad Request"),
    401: (0, "401: Unauthorized"),
    403: (50013, "Missing Permissions"),
    404: (0, "404: Not Found"),
    429: (0, "You are being rate limited."),
    500: (0, "500: Internal Server Error"),
    502: (0, "502: Bad Gateway"),
    503: (0, "503: Service Unavailable"),
    504: (0, "504: Gateway Timeout"),
}


class Refusal(Exception):
    """An error response; `errors` are form errors by dotted field path."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.errors = errors or {}

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = nest(self.errors)
        return body

    def sentence(self) -> str:
        """Return a text for people: the message with each field's error."""
        details = "; ".join(f"{path}: {text}" for path, (_, text) in self.errors.items())
        return f"{self.message} ({details})" if details else self.message


def refuse(name: str) -> Refusal:
    """Return the refusal of that name, to be raised."""
    return Refusal(*REFUSALS[name])


def form_error(errors: dict[str, tuple[str, str]]) -> Refusal:
    """Return error 50035; `errors` maps "permission_overwrites.0.id" to (word, sentence)."""
    return Refusal(400, 50035, "Invalid Form Body", errors)


def unsupported(what: str) -> Refusal:
    """Return a 501 for what Discord supports and this sandbox does not: never a silent success."""
    return Refusal(501, 0, f"The sandbox does not support {what}")


def nest(errors: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Nest form errors by field and list index as Discord does, each leaf a list in `_errors`."""
    tree: dict[str, Any] = {}
    for path, (code, message) in errors.items():
        node = tree
        for step in filter(None, path.split(".")):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})
    return tree


def respond(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Respond with JSON.  Clients require exactly `application/json`; a 204 must have no type."""
    if status == 204:
        return web.Response(status=204, headers=headers)
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        headers={**(headers or {}), "Content-Type": "application/json"},
    )


def fault_response(
    status: int,
    *,
    retry_after: float | None = None,
    code: int | None = None,
    message: str | None = None,
) -> web.Response:
    """Return an injected error in Discord's format; `retry_after` (seconds) is for 429 only."""
    default_code, default_message = FAULTS.get(status, (0, f"{status}: Error"))
    body: dict[str, Any] = {
        "message": message if message is not None else default_message,
        "code": code if code is not None else default_code,
    }
    if status != 429:
        return respond(status, body)
    wait = 1.0 if retry_after is None else retry_after
    body |= {"retry_after": wait, "global": False}
    return respond(429, body, rate_limit_headers(wait))


def rate_limit_headers(wait: float) -> dict[str, str]:
    """Return rate-limit headers.  Without `Via`, clients treat a 429 as a Cloudflare ban."""
    return {
        "Via": "1.1 google",
        "Retry-After": f"{wait:.3f}",
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
        "X-RateLimit-Reset-After": f"{wait:.3f}",
        "X-RateLimit-Bucket": "sandbox",
        "X-RateLimit-Scope": "user",
    }
