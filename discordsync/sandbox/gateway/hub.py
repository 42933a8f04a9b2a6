"""The gateway's sessions: they receive events, and can be resumed after a lost connection."""

import contextlib
import secrets
from collections.abc import Mapping
from time import monotonic as now
from typing import Any

from discordsync.sandbox.errors import Refusal
from discordsync.sandbox.gateway import payloads
from discordsync.sandbox.gateway.close_codes import CloseCode, ClosingError
from discordsync.sandbox.gateway.connection import Connection, Session
from discordsync.sandbox.gateway.intents import PRIVILEGED
from discordsync.sandbox.gateway.parsing import (
    Identify,
    MembersRequest,
    Op,
    Resume,
    VoiceStateUpdate,
    read_identify,
    read_members_request,
    read_presence,
    read_resume,
    read_voice_state_update,
)
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import voice

# A session whose connection is lost can be resumed for this long, in real time.
SESSION_SECONDS = 180.0
IDENTIFIES_A_DAY = 1000
DAY_SECONDS = 86_400


class Hub:
    """All sessions of this guild's gateway. Used only from the server's event loop."""

    def __init__(self, guild: Guild) -> None:
        self.guild = guild
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.reset()
        guild.listeners.append(self.dispatch)

    def reset(self) -> None:
        """Close all connections and forget all sessions."""
        self.is_guild_away = False
        self.close_connections()
        self.sessions.clear()
        self.identified: list[float] = []
        self._all_requested_at = float("-inf")

    def close_connections(self) -> None:
        for connection in self.connections:
            connection.close(1001)

    def dispatch(self, event: str, data: Mapping[str, Any]) -> None:
        for session in () if self.is_guild_away else self.sessions.values():
            session.dispatch(event, data)

    async def serve(self, connection: Connection) -> None:
        """Serve one connection until it ends."""
        self.connections.add(connection)
        try:
            await connection.run(self.receive)
        finally:
            self.connections.discard(connection)
            self.disconnect(connection)

    def disconnect(self, connection: Connection) -> None:
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
                raise ClosingError(CloseCode.ALREADY_AUTHENTICATED)
            if op is Op.IDENTIFY:
                self.identify(connection, read_identify(data))
            else:
                self.resume(connection, read_resume(data))
            return
        if connection.session is None:
            raise ClosingError(CloseCode.NOT_AUTHENTICATED)
        self.handle(connection.session, op, data)

    def identify(self, connection: Connection, request: Identify) -> None:
        check_token(request.token)
        self.drop_expired()
        for intent, setting in PRIVILEGED.items():
            if request.intents & intent and not self.guild.setting(setting):
                raise ClosingError(CloseCode.DISALLOWED_INTENTS)
        if not self.may_identify():
            connection.send_op(Op.INVALID_SESSION, False)
            return
        session = Session(secrets.token_hex(16), intents=request.intents, bot_id=self.guild.bot_id)
        self.sessions[session.id] = session
        self.attach(connection, session)
        session.dispatch("READY", payloads.ready(self.guild, session.id, connection.address))
        if not self.is_guild_away:
            session.dispatch("GUILD_CREATE", payloads.guild_create(self.guild, request))

    def may_identify(self) -> bool:
        """Return whether an identify is allowed: one per `identify_seconds`, 1000 a day."""
        moment = now()
        self.identified = [at for at in self.identified if at > moment - DAY_SECONDS]
        pause = self.guild.setting("identify_seconds")
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

    def resume(self, connection: Connection, request: Resume) -> None:
        check_token(request.token)
        self.drop_expired()
        session = self.sessions.get(request.session_id)
        if session is None or not session.can_replay(request.seq):
            connection.send_op(Op.INVALID_SESSION, False)
            return
        if request.seq > session.seq:
            raise ClosingError(CloseCode.INVALID_SEQ)
        missed = session.missed(request.seq)
        self.attach(connection, session)
        session.resumed += 1
        for text in missed:
            connection.send(text)
        session.dispatch("RESUMED", {})

    def attach(self, connection: Connection, session: Session) -> None:
        """Connect a session; it has one connection, so an older one is closed."""
        if session.connection is not None:
            session.connection.session = None
            session.connection.close(CloseCode.UNKNOWN_ERROR)
        session.connection, session.lost_at = connection, None
        connection.session = session

    def drop_expired(self) -> None:
        since = now() - SESSION_SECONDS
        for session in list(self.sessions.values()):
            if session.lost_at is not None and session.lost_at < since:
                del self.sessions[session.id]

    def handle(self, session: Session, op: Op, data: Any) -> None:
        if op is Op.PRESENCE_UPDATE:
            read_presence(data)
        elif op is Op.VOICE_STATE_UPDATE:
            self.move_bot(read_voice_state_update(data))
        else:
            self.send_members(session, read_members_request(data))

    def send_members(self, session: Session, request: MembersRequest) -> None:
        """Send requested members in chunks; the whole list is rate-limited and needs its intent."""
        if request.guild_id != self.guild.guild_id:
            return
        wait = self.wait_for_all() if request.is_for_all else 0.0
        if wait > 0:
            session.dispatch("RATE_LIMITED", payloads.rate_limited(request, wait))
            return
        for chunk in payloads.chunks(self.guild, request, session.intents):
            session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def wait_for_all(self) -> float:
        """Return how many seconds to wait before the whole list may be requested; 0 if none."""
        wait = self._all_requested_at + self.guild.setting("all_members_seconds") - now()
        if wait > 0:
            return float(wait)
        self._all_requested_at = now()
        return 0.0

    def move_bot(self, request: VoiceStateUpdate) -> None:
        """Let the bot itself enter or leave a voice channel; what is forbidden is ignored."""
        if request.guild_id != self.guild.guild_id:
            return
        with contextlib.suppress(Refusal):
            muted = {"self_mute": request.self_mute, "self_deaf": request.self_deaf}
            voice.move(self.guild, self.guild.bot_id, request.channel_id, **muted)

    def describe(self) -> dict[str, Any]:
        """Return the sessions and the number of connections without one, for the control API."""
        self.drop_expired()
        return {
            "sessions": [session.describe() for session in self.sessions.values()],
            "unidentified": sum(c.session is None for c in self.connections),
            "identified": len(self.identified),
        }


def check_token(token: str) -> None:
    if not token.startswith("sandbox"):
        raise ClosingError(CloseCode.AUTHENTICATION_FAILED)
