"""The gateway's sessions: they receive events, and can be resumed after a lost connection."""

import contextlib
import secrets
from collections.abc import Mapping
from time import monotonic as now
from typing import Any

from discordsync.sandbox.errors import Refusal
from discordsync.sandbox.gateway import payloads
from discordsync.sandbox.gateway.close_codes import ClosingError, Code
from discordsync.sandbox.gateway.connection import Connection
from discordsync.sandbox.gateway.intents import PRIVILEGED
from discordsync.sandbox.gateway.parsing import (
    Identify,
    MembersRequest,
    Op,
    Resume,
    VoiceWish,
    read_identify,
    read_members_request,
    read_presence,
    read_resume,
    read_voice_wish,
)
from discordsync.sandbox.gateway.session import Session
from discordsync.sandbox.guild_state import World
from discordsync.sandbox.members import voice

# A session whose connection is lost can be resumed for this long, in real time.
SESSION_SECONDS = 180.0
IDENTIFIES_A_DAY = 1000
DAY_SECONDS = 86_400


class Hub:
    """All sessions of this world's gateway. Used only from the server's event loop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.reset()
        world.listeners.append(self.tell)

    def reset(self) -> None:
        """Close all connections and forget all sessions."""
        self.close_connections()
        self.sessions.clear()
        self.identified: list[float] = []
        self._asked_for_all = float("-inf")

    def close_connections(self) -> None:
        for connection in self.connections:
            connection.close(1001)

    def tell(self, event: str, data: Mapping[str, Any]) -> None:
        for session in self.sessions.values():
            session.tell(event, data)

    async def attend(self, connection: Connection) -> None:
        """Serve one connection until it ends."""
        self.connections.add(connection)
        try:
            await connection.live(self.receive)
        finally:
            self.connections.discard(connection)
            self.part(connection)

    def part(self, connection: Connection) -> None:
        """Handle a closed connection: keep its session for a resume, unless the client is done."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        session.lost_at = now()
        if connection.left:
            self.sessions.pop(session.id, None)

    def receive(self, connection: Connection, op: Op, data: Any) -> None:
        """Handle a payload other than a heartbeat; raises ClosingError."""
        if op in (Op.IDENTIFY, Op.RESUME):
            if connection.session is not None:
                raise ClosingError(Code.ALREADY_AUTHENTICATED)
            if op is Op.IDENTIFY:
                self.identify(connection, read_identify(data))
            else:
                self.resume(connection, read_resume(data))
            return
        if connection.session is None:
            raise ClosingError(Code.NOT_AUTHENTICATED)
        self.obey(connection.session, op, data)

    def identify(self, connection: Connection, wish: Identify) -> None:
        check_token(wish.token)
        self.forget_lost()
        for intent, setting in PRIVILEGED.items():
            if wish.intents & intent and not self.world.setting(setting):
                raise ClosingError(Code.DISALLOWED_INTENTS)
        if not self.may_identify():
            connection.say(Op.INVALID_SESSION, False)
            return
        session = Session(secrets.token_hex(16), intents=wish.intents, bot_id=self.world.bot_id)
        self.sessions[session.id] = session
        self.join(connection, session)
        session.tell("READY", payloads.ready(self.world, session.id, connection.address))
        session.tell("GUILD_CREATE", payloads.guild_create(self.world, wish))

    def may_identify(self) -> bool:
        """Return whether an identify is allowed: one per `identify_seconds`, 1000 a day."""
        moment = now()
        self.identified = [at for at in self.identified if at > moment - DAY_SECONDS]
        pause = self.world.setting("identify_seconds")
        if self.identified and self.identified[-1] > moment - pause:
            return False
        if len(self.identified) >= IDENTIFIES_A_DAY:
            return False
        self.identified.append(moment)
        return True

    def session_start_limit(self) -> dict[str, int]:
        oldest = self.identified[0] if self.identified else now() - DAY_SECONDS
        return {
            "total": IDENTIFIES_A_DAY,
            "remaining": IDENTIFIES_A_DAY - len(self.identified),
            "reset_after": max(0, round((oldest + DAY_SECONDS - now()) * 1000)),
            "max_concurrency": 1,
        }

    def resume(self, connection: Connection, wish: Resume) -> None:
        check_token(wish.token)
        self.forget_lost()
        session = self.sessions.get(wish.session_id)
        if session is None or not session.can_replay(wish.seq):
            connection.say(Op.INVALID_SESSION, False)
            return
        if wish.seq > session.seq:
            raise ClosingError(Code.INVALID_SEQ)
        missed = session.missed(wish.seq)
        self.join(connection, session)
        session.resumed += 1
        for text in missed:
            connection.send(text)
        session.tell("RESUMED", {})

    def join(self, connection: Connection, session: Session) -> None:
        """Connect a session; it has one connection, so an older one is closed."""
        if session.connection is not None:
            session.connection.session = None
            session.connection.close(Code.UNKNOWN_ERROR)
        session.connection, session.lost_at = connection, None
        connection.session = session

    def forget_lost(self) -> None:
        since = now() - SESSION_SECONDS
        for session in list(self.sessions.values()):
            if session.lost_at is not None and session.lost_at < since:
                del self.sessions[session.id]

    def obey(self, session: Session, op: Op, data: Any) -> None:
        if op is Op.PRESENCE_UPDATE:
            read_presence(data)
        elif op is Op.VOICE_STATE_UPDATE:
            self.move_bot(read_voice_wish(data))
        else:
            self.send_members(session, read_members_request(data))

    def send_members(self, session: Session, wish: MembersRequest) -> None:
        """Send requested members in chunks; the whole list is rate-limited and needs its intent."""
        if wish.guild_id != self.world.guild_id:
            return
        wait = self.wait_for_all() if wish.asks_for_all else 0.0
        if wait > 0:
            session.tell("RATE_LIMITED", payloads.rate_limited(wish, wait))
            return
        for chunk in payloads.chunks(self.world, wish, session.intents):
            session.tell("GUILD_MEMBERS_CHUNK", chunk)

    def wait_for_all(self) -> float:
        """Return how many seconds to wait before the whole list may be requested; 0 if none."""
        wait = self._asked_for_all + self.world.setting("all_members_seconds") - now()
        if wait > 0:
            return float(wait)
        self._asked_for_all = now()
        return 0.0

    def move_bot(self, wish: VoiceWish) -> None:
        """Let the bot itself enter or leave a voice channel; what is forbidden is ignored."""
        if wish.guild_id != self.world.guild_id:
            return
        with contextlib.suppress(Refusal):
            muted = {"self_mute": wish.self_mute, "self_deaf": wish.self_deaf}
            voice.move(self.world, self.world.bot_id, wish.channel_id, **muted)

    def describe(self) -> dict[str, Any]:
        """Return the sessions and the number of connections without one, for the control API."""
        self.forget_lost()
        return {
            "sessions": [session.describe() for session in self.sessions.values()],
            "unidentified": sum(c.session is None for c in self.connections),
            "identified": len(self.identified),
        }


def check_token(token: str) -> None:
    if not token.startswith("sandbox"):
        raise ClosingError(Code.AUTHENTICATION_FAILED)
