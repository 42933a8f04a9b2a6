"""A websocket, and the session that outlives it for a while and can be resumed."""

import asyncio
import contextlib
import json
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from discordsync.sandbox.gateway.close_codes import FINAL_CODES, SENTENCES, CloseCode, ClosingError
from discordsync.sandbox.gateway.intents import is_requested, redact
from discordsync.sandbox.gateway.parsing import Op, read_heartbeat, read_payload

# Discord lets a client send this many messages in this many seconds, heartbeats included.
MAX_PAYLOADS = 120
MAX_PAYLOADS_SECONDS = 60.0
# A client without a heartbeat for this many intervals is considered dead.
SILENT_INTERVALS = 2.0
CLOSE_SECONDS = 10.0
# So many events are kept for a resume; a client that missed more must start a new session.
KEPT_EVENTS = 5000

Receive = Callable[["Connection", Op, Any], None]


class Session:
    """A client's intents and stream of events. It outlives its connection for a while."""

    def __init__(self, session_id: str, *, intents: int, bot_id: str) -> None:
        self.id = session_id
        self.intents = intents
        self.bot_id = bot_id
        self.seq = 0
        self.connection: Connection | None = None
        self.lost_at: float | None = None
        self.resumed = 0
        self._sent: deque[tuple[int, str]] = deque(maxlen=KEPT_EVENTS)

    def dispatch(self, event: str, data: Mapping[str, Any]) -> None:
        """Send the event, now or on a resume, if the session's intents include it."""
        if not is_requested(event, data, intents=self.intents, bot_id=self.bot_id):
            return
        seen = redact(event, data, intents=self.intents, bot_id=self.bot_id)
        self.seq += 1
        text = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.seq, "d": seen})
        self._sent.append((self.seq, text))
        if self.connection is not None:
            self.connection.send(text)

    def can_replay(self, seq: int) -> bool:
        """Return whether every event after `seq` is still stored."""
        oldest = self._sent[0][0] if self._sent else self.seq + 1
        return oldest <= seq + 1

    def missed(self, seq: int) -> list[str]:
        """Return the events after `seq`, in order."""
        return [text for number, text in self._sent if number > seq]

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "connected": self.connection is not None,
            "intents": self.intents,
            "seq": self.seq,
            "resumed": self.resumed,
        }


class Connection:
    """Sends messages in order; `receive` gets every payload except heartbeats.

    `address` is where its client must resume.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        *,
        address: str,
        interval: float,
        compressed: bool,
    ) -> None:
        self.socket = socket
        self.address = address
        self.session: Session | None = None
        self.acknowledges = True
        self.interval = interval
        self._request = request
        self._deflate = deflater() if compressed else None
        self._outgoing: asyncio.Queue[str | int] = asyncio.Queue()
        self._received: deque[float] = deque()
        self._loop = asyncio.get_running_loop()
        self._heartbeat_timer: asyncio.TimerHandle | None = None
        self._ending = False

    def send(self, text: str) -> None:
        self._outgoing.put_nowait(text)

    def send_op(self, op: Op, data: Any = None) -> None:
        """Send a payload that is not an event."""
        self.send(json.dumps({"op": op, "t": None, "s": None, "d": data}))

    def close(self, code: int) -> None:
        """Close with this code after everything that was queued before."""
        self._outgoing.put_nowait(code)

    def abort(self) -> None:
        """Drop the connection without a close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()

    @property
    def left(self) -> bool:
        """Return whether the client closed it for good, not in reply to our own close."""
        return not self._ending and self.socket.close_code in FINAL_CODES

    async def run(self, receive: Receive) -> None:
        """Send and receive until either side closes the connection."""
        sending = asyncio.ensure_future(self._send_all())
        self._wait_for_heartbeat()
        try:
            self.send_op(Op.HELLO, {"heartbeat_interval": round(self.interval * 1000)})
            await self._listen(receive)
        finally:
            if self._heartbeat_timer is not None:
                self._heartbeat_timer.cancel()
            await self._finish(sending)

    async def _listen(self, receive: Receive) -> None:
        try:
            async for message in self.socket:
                if message.type is WSMsgType.BINARY:
                    raise ClosingError(CloseCode.DECODE_ERROR)
                if message.type is WSMsgType.TEXT:
                    self._count()
                    self._handle(receive, *read_payload(message.data))
        except ClosingError as closing:
            self.close(closing.code)

    def _handle(self, receive: Receive, op: Op, data: Any) -> None:
        if op is not Op.HEARTBEAT:
            receive(self, op, data)
            return
        read_heartbeat(data)
        self._wait_for_heartbeat()
        if self.acknowledges:
            self.send_op(Op.HEARTBEAT_ACK)

    def _count(self) -> None:
        now = self._loop.time()
        while self._received and self._received[0] <= now - MAX_PAYLOADS_SECONDS:
            self._received.popleft()
        self._received.append(now)
        if len(self._received) > MAX_PAYLOADS:
            raise ClosingError(CloseCode.RATE_LIMITED)

    def _wait_for_heartbeat(self) -> None:
        if self._heartbeat_timer is not None:
            self._heartbeat_timer.cancel()
        wait = self.interval * SILENT_INTERVALS
        self._heartbeat_timer = self._loop.call_later(wait, self.close, CloseCode.UNKNOWN_ERROR)

    async def _send_all(self) -> None:
        # If the client is gone, sending fails; `_listen` notices it as well.
        with contextlib.suppress(ConnectionError):
            while isinstance(item := await self._outgoing.get(), str):
                await self._write(item)
            await self._send_close(item)

    async def _send_close(self, code: int) -> None:
        self._ending = True
        reason = SENTENCES[CloseCode(code)] if code in SENTENCES else ""
        await self.socket.close(code=int(code), message=reason.encode())

    def _write(self, text: str) -> Awaitable[None]:
        if self._deflate is None:
            return self.socket.send_str(text)
        return self.socket.send_bytes(self._deflate(text.encode()))

    async def _finish(self, sending: "asyncio.Future[None]") -> None:
        """Let a close frame that is being sent go out, then stop."""
        if not self._ending and (self.socket.closed or self._outgoing.empty()):
            sending.cancel()
        await asyncio.wait([sending], timeout=CLOSE_SECONDS)
        sending.cancel()


def deflater() -> Callable[[bytes], bytes]:
    """Return a transport compressor: one zlib stream per connection, flushed for each payload."""
    stream = zlib.compressobj()
    return lambda raw: stream.compress(raw) + stream.flush(zlib.Z_SYNC_FLUSH)
