"""Faults that a tester can inject: connections, acknowledgements, sessions."""

from collections.abc import Callable
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.fields import FieldError
from discordsync.sandbox.gateway import payloads
from discordsync.sandbox.gateway.connection import Connection
from discordsync.sandbox.gateway.hub import Hub
from discordsync.sandbox.gateway.parsing import Identify, Op

CHECKS: dict[str, fields.Check] = {
    "do": fields.text(1, 20),
    "session": fields.text(1, 100),
    "code": fields.whole(1000, 4999),
    "resumable": fields.flag,
}


def break_gateway(hub: Hub, data: Any) -> dict[str, Any]:
    """Break every connection, or that of one session; returns how many.

    drop        end the connection, with a close `code` or, without one, abruptly
    silence     acknowledge no more heartbeats on it
    reconnect   ask to reconnect and resume
    invalidate  declare its session invalid, `resumable` or not
    forget      forget its session silently: it gets no more events and cannot be resumed
    outage      the guild becomes unavailable: no session gets its events until `recover`
    recover     the guild is available again
    """
    try:
        body = fields.shape(CHECKS, required=("do",))(data)
    except FieldError as wrong:
        raise ValueError(f"{wrong.path}: {wrong.message}") from None
    act = ACTS.get(body["do"])
    if act is None:
        raise ValueError(f"`do` must be one of {', '.join(ACTS)}.")
    chosen = [c for c in hub.connections if body.get("session") in (None, id_of(c))]
    for connection in chosen:
        act(hub, connection, body)
    if body["do"] in AWAY:
        hub.is_guild_away = AWAY[body["do"]]
    return {"connections": len(chosen)}


def id_of(connection: Connection) -> str | None:
    return connection.session.id if connection.session else None


def drop(_hub: Hub, connection: Connection, body: dict[str, Any]) -> None:
    if "code" in body:
        connection.close(body["code"])
    else:
        connection.abort()


def silence(_hub: Hub, connection: Connection, _wish: dict[str, Any]) -> None:
    connection.acknowledges = False


def reconnect(_hub: Hub, connection: Connection, _wish: dict[str, Any]) -> None:
    connection.send_op(Op.RECONNECT)


def invalidate(hub: Hub, connection: Connection, body: dict[str, Any]) -> None:
    resumable = body.get("resumable", False)
    connection.send_op(Op.INVALID_SESSION, resumable)
    if not resumable:
        forget(hub, connection, body)


def forget(hub: Hub, connection: Connection, _wish: dict[str, Any]) -> None:
    hub.sessions.pop(id_of(connection) or "", None)


def begin_outage(hub: Hub, connection: Connection, _wish: dict[str, Any]) -> None:
    if connection.session:
        away = {"id": hub.guild.guild_id, "unavailable": True}
        connection.session.dispatch("GUILD_DELETE", away)


def recover(hub: Hub, connection: Connection, _wish: dict[str, Any]) -> None:
    if connection.session:
        seen_as = Identify("", connection.session.intents, large_threshold=50)
        connection.session.dispatch("GUILD_CREATE", payloads.guild_create(hub.guild, seen_as))


AWAY = {"outage": True, "recover": False}
ACTS: dict[str, Callable[[Hub, Connection, dict[str, Any]], None]] = {
    "drop": drop,
    "silence": silence,
    "reconnect": reconnect,
    "invalidate": invalidate,
    "forget": forget,
    "outage": begin_outage,
    "recover": recover,
}
