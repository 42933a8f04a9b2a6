"""What a tester may break: connections, acknowledgements, sessions."""

from collections.abc import Callable
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.fields import Wrong
from discordsync.sandbox.gateway.hub import Hub
from discordsync.sandbox.gateway.reading import Op
from discordsync.sandbox.gateway.session import Session

CHECKS: dict[str, fields.Check] = {
    "do": fields.text(1, 20),
    "session": fields.text(1, 100),
    "code": fields.whole(1000, 4999),
    "resumable": fields.flag,
}


def break_gateway(hub: Hub, data: Any) -> dict[str, Any]:
    """Break something of every session, or of one; answers with how many: {"do", "session"?, ...}.

    drop        end the connections, with a close `code` or, without one, without a word
    silence     acknowledge no more heartbeats on the connections of now
    reconnect   ask to reconnect and resume
    invalidate  declare the sessions invalid, `resumable` or not
    forget      forget the sessions silently, so that they cannot be resumed
    """
    try:
        wish = fields.shape(CHECKS, required=("do",))(data)
    except Wrong as wrong:
        raise ValueError(f"{wrong.path}: {wrong.message}") from None
    act = ACTS.get(wish["do"])
    if act is None:
        raise ValueError(f"`do` is one of {', '.join(ACTS)}.")
    meant = [s for s in hub.sessions.values() if wish.get("session") in (None, s.id)]
    for session in meant:
        act(hub, session, wish)
    return {"sessions": len(meant)}


def drop(_hub: Hub, session: Session, wish: dict[str, Any]) -> None:
    if session.connection is None:
        return
    if "code" in wish:
        session.connection.close(wish["code"])
    else:
        session.connection.cut()


def silence(_hub: Hub, session: Session, _wish: dict[str, Any]) -> None:
    if session.connection is not None:
        session.connection.acknowledges = False


def reconnect(_hub: Hub, session: Session, _wish: dict[str, Any]) -> None:
    if session.connection is not None:
        session.connection.say(Op.RECONNECT)


def invalidate(hub: Hub, session: Session, wish: dict[str, Any]) -> None:
    resumable = wish.get("resumable", False)
    if session.connection is not None:
        session.connection.say(Op.INVALID_SESSION, resumable)
    if not resumable:
        forget(hub, session, wish)


def forget(hub: Hub, session: Session, _wish: dict[str, Any]) -> None:
    """Its connection, if there is one, hears no more events."""
    hub.sessions.pop(session.id, None)


ACTS: dict[str, Callable[[Hub, Session, dict[str, Any]], None]] = {
    "drop": drop,
    "silence": silence,
    "reconnect": reconnect,
    "invalidate": invalidate,
    "forget": forget,
}
