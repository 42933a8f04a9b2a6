"""Parse strictly what a client sends over the gateway: JSON to plain records, or a close.

Each reader takes the `d` of a payload. Anything that is not a payload is a decode error (4002).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.gateway.close_codes import CloseCode, ClosingError
from discordsync.sandbox.gateway.intents import KNOWN

MAX_BYTES = 4096
IN_REQUEST = 100
NONCE_BYTES = 32
STATUSES = ("online", "dnd", "idle", "invisible", "offline")


class Op(IntEnum):
    """Discord's opcodes, by Discord's names."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


SENDABLE = frozenset(
    {
        Op.HEARTBEAT,
        Op.IDENTIFY,
        Op.PRESENCE_UPDATE,
        Op.VOICE_STATE_UPDATE,
        Op.RESUME,
        Op.REQUEST_GUILD_MEMBERS,
    }
)


@dataclass(frozen=True)
class Identify:
    token: str
    intents: int
    large_threshold: int


@dataclass(frozen=True)
class Resume:
    token: str
    session_id: str
    seq: int


@dataclass(frozen=True)
class MembersRequest:
    """`user_ids` is None if a `query` was sent; `limit` 0 means no limit."""

    guild_id: str
    query: str
    limit: int
    user_ids: tuple[str, ...] | None
    presences: bool
    nonce: str | None

    @property
    def is_for_all(self) -> bool:
        return self.user_ids is None and not self.query and not self.limit


@dataclass(frozen=True)
class VoiceStateUpdate:
    guild_id: str
    channel_id: str | None
    self_mute: bool
    self_deaf: bool


def read_payload(text: str) -> tuple[Op, Any]:
    """Return opcode and data of one payload."""
    if size(text) > MAX_BYTES:
        raise ClosingError(CloseCode.DECODE_ERROR)
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        raise ClosingError(CloseCode.DECODE_ERROR) from None
    if not isinstance(payload, dict) or "op" not in payload:
        raise ClosingError(CloseCode.DECODE_ERROR)
    op = payload["op"]
    if not isinstance(op, int) or isinstance(op, bool) or op not in SENDABLE:
        raise ClosingError(CloseCode.UNKNOWN_OPCODE)
    return Op(op), payload.get("d")


def read_identify(data: Any) -> Identify:
    given = read(
        data,
        {
            "token": fields.text(1, 200),
            "properties": fields.record,
            "intents": fields.whole(),
            "compress": fields.nullable(fields.flag),
            "large_threshold": fields.whole(50, 250),
            "shard": fields.listed(fields.whole(), 2),
            "presence": fields.nullable(check_presence),
        },
        required=("token", "properties"),
    )
    if not 0 <= given.get("intents", -1) <= KNOWN or given["intents"] & ~KNOWN:
        raise ClosingError(CloseCode.INVALID_INTENTS)
    if given.get("shard", [0, 1]) != [0, 1]:
        raise ClosingError(CloseCode.INVALID_SHARD)
    return Identify(given["token"], given["intents"], given.get("large_threshold", 50))


def read_resume(data: Any) -> Resume:
    checks: dict[str, fields.Check] = {
        "token": fields.text(1, 200),
        "session_id": fields.text(1, 200),
        "seq": fields.whole(0),
    }
    return Resume(**read(data, checks, required=tuple(checks)))


def read_heartbeat(data: Any) -> int | None:
    """Return the last sequence number that the client has received."""
    if data is not None and (not isinstance(data, int) or isinstance(data, bool)):
        raise ClosingError(CloseCode.DECODE_ERROR)
    return data


def read_members_request(data: Any) -> MembersRequest:
    given = read(
        data,
        {
            "guild_id": fields.snowflake,
            "query": fields.text(0, 100),
            "limit": fields.whole(0),
            "user_ids": check_user_ids,
            "presences": fields.flag,
            "nonce": fields.text(0, 1000),
        },
        required=("guild_id",),
    )
    asked_by_id = given.get("user_ids") is not None
    if asked_by_id == ("query" in given) or ("query" in given and "limit" not in given):
        raise ClosingError(CloseCode.DECODE_ERROR)
    nonce = given.get("nonce")
    return MembersRequest(
        guild_id=given["guild_id"],
        query=given.get("query", ""),
        limit=given.get("limit", 0),
        user_ids=tuple(given["user_ids"]) if asked_by_id else None,
        presences=given.get("presences", False),
        nonce=nonce if nonce and size(nonce) <= NONCE_BYTES else None,
    )


def size(text: str) -> int:
    """Return the size in bytes; lone surrogates, which JSON can contain, count as well."""
    return len(text.encode("utf-8", "surrogatepass"))


def check_user_ids(value: Any) -> list[str]:
    ids = value if isinstance(value, list) else [value]
    checked: list[str] = fields.listed(fields.snowflake, IN_REQUEST)(ids)
    return checked


def read_voice_state_update(data: Any) -> VoiceStateUpdate:
    checks: dict[str, fields.Check] = {
        "guild_id": fields.snowflake,
        "channel_id": fields.nullable(fields.snowflake),
        "self_mute": fields.flag,
        "self_deaf": fields.flag,
    }
    return VoiceStateUpdate(**read(data, checks, required=tuple(checks)))


def read_presence(data: Any) -> None:
    """Check a presence.  It is not stored, since no one here uses it."""
    read({"presence": data}, {"presence": check_presence}, required=("presence",))


def check_presence(value: Any) -> dict[str, Any]:
    given = fields.record(value)
    if given.get("status") not in (None, *STATUSES):
        raise fields.FieldError("BASE_TYPE_CHOICES", f"Value must be one of {STATUSES}.")
    return given


def read(
    data: Any, checks: Mapping[str, fields.Check], *, required: tuple[str, ...]
) -> dict[str, Any]:
    """Return a payload's fields; any error is a decode error, since Discord gives no reason."""
    try:
        return dict(fields.shape(checks, required=required)(data))
    except fields.FieldError:
        raise ClosingError(CloseCode.DECODE_ERROR) from None
