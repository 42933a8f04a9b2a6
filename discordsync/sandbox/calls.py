"""Turn an HTTP request into a call of a resource's handler, and its result into a response.

A handler is a plain function `(guild, call) -> (status, body)`. It checks everything, then changes
the state, and never awaits, so that a call is atomic. It raises `Refusal` for what it rejects.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from discordsync.sandbox import fields
from discordsync.sandbox.errors import Refusal, form_error, refuse, respond
from discordsync.sandbox.guild import Guild

PREFIX = "/api/v10"


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it; `ids` are the snowflakes of its path, and its `token`."""

    actor: str
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    listing: list[Any] | None = None  # the body if it is a list
    reason: str | None = None
    host: str = "127.0.0.1"

    def number(self, name: str, default: int, maximum: int) -> int:
        """Return a whole number from 1 to `maximum` from the query."""
        return int(self.argument(name, fields.whole(1, maximum), default))

    def snowflake(self, name: str) -> str | None:
        """Return a snowflake from the query, None if it was not sent."""
        value = self.argument(name, fields.snowflake, None)
        return None if value is None else str(value)

    def argument(self, name: str, check: fields.Check, default: Any) -> Any:
        if name not in self.query:
            return default
        return fields.read_body(self.query, {name: check})[name]

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")


Answer = tuple[int, Any]
Handler = Callable[[Guild, Call], Answer]
Route = tuple[str, str, Handler]  # method, path below the prefix with {names} for ids, handler


def serve(
    guild: Guild, handler: Handler, *, advance: Callable[[], None], public: bool = False
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the aiohttp handler that reads the request, calls `handler` and responds.

    `public`: skip the bot's authentication, for calls that a token in the path protects.
    """

    async def answer(request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            if not public:
                authenticate(request)
            call = read_call(guild, request, raw)
            advance()
            return respond(*handler(guild, call))
        except Refusal as refusal:
            return respond(refusal.status, refusal.body())

    return answer


def authenticate(request: web.Request) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bot" or not token.startswith("sandbox"):
        raise refuse("unauthorized")


def read_call(guild: Guild, request: web.Request, raw: bytes) -> Call:
    ids = {
        name: value if name == "token" else read_id(name, value)
        for name, value in request.match_info.items()
    }
    if ids.get("guild_id", guild.guild_id) != guild.guild_id:
        is_guild_itself = request.path == f"{PREFIX}/guilds/{ids['guild_id']}"
        raise refuse("unknown_guild" if is_guild_itself else "missing_access")
    body = read_json(request, raw)
    return Call(
        actor=guild.bot_id,
        ids=ids,
        query=request.query,
        body=body if isinstance(body, dict) else {},
        listing=body if isinstance(body, list) else None,
        reason=read_reason(request),
        host=request.host,
    )


def read_id(name: str, value: str) -> str:
    try:
        return str(fields.snowflake(value))
    except fields.FieldError as wrong:
        raise form_error({name: (wrong.code, wrong.message)}) from None


def read_json(request: web.Request, raw: bytes) -> dict[str, Any] | list[Any]:
    """Return a dict, or a list for a call that replaces all commands at once."""
    if not raw:
        return {}
    if request.content_type != "application/json":
        sentence = "Expected \"Content-Type\" header to be one of {'application/json'}."
        raise form_error({"": ("CONTENT_TYPE_INVALID", sentence)})
    try:
        body = json.loads(raw)
    except ValueError:
        raise refuse("invalid_json") from None
    if request.method == "PUT" and request.path.endswith("/commands"):
        if isinstance(body, list):
            return body
        sentence = "Only iterables may be used in a ListType."
        raise form_error({"": ("LIST_TYPE_CONVERT", sentence)})
    if not isinstance(body, dict):
        sentence = "Only dictionaries may be used in a DictType."
        raise form_error({"": ("DICT_TYPE_CONVERT", sentence)})
    return body


def read_reason(request: web.Request) -> str | None:
    """Return the audit-log reason, which is sent percent-encoded; at most 512 characters."""
    reason = unquote(request.headers.get("X-Audit-Log-Reason", ""))
    if len(reason) > 512:
        raise form_error({"reason": ("BASE_TYPE_MAX_LENGTH", "Must be 512 or fewer in length.")})
    return reason or None


def catch_all(routes: list[Route]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the handler for unknown routes: 405 if only the method is wrong, else 404."""
    known = [re.compile(re.sub(r"\{[^}]+\}", "[^/]+", PREFIX + path)) for _, path, _ in routes]

    async def answer(request: web.Request) -> web.Response:
        try:
            authenticate(request)
            wrong_method = any(pattern.fullmatch(request.path) for pattern in known)
            raise refuse("method_not_allowed" if wrong_method else "not_found")
        except Refusal as refusal:
            return respond(refusal.status, refusal.body())

    return answer
