"""A bare websocket to the gateway, for saying what no client library would say."""

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.gateway.parsing import Op
from tests.discordsync.sandbox.server import Server

T = TypeVar("T")
SECONDS = 20
TOKEN = "sandbox-test"
GUILDS = int(Intent.GUILDS)


class Closed(Exception):
    """The gateway closed the connection; `code` is its close code."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Wire:
    """One connection. `received` is every payload so far, in order."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.received: list[dict[str, Any]] = []
        self._inflate = zlib.decompressobj()

    async def send_op(self, op: int, data: Any = None) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def hear(self) -> dict[str, Any]:
        """The next payload; raises Closed."""
        message = await asyncio.wait_for(self.socket.receive(), SECONDS)
        if message.type is WSMsgType.BINARY:
            text = self._inflate.decompress(message.data).decode()
        elif message.type is WSMsgType.TEXT:
            text = message.data
        elif message.type is WSMsgType.CLOSE:
            raise Closed(message.data)
        else:
            raise Closed(self.socket.close_code)
        payload: dict[str, Any] = json.loads(text)
        self.received.append(payload)
        return payload

    async def until(self, event: str) -> dict[str, Any]:
        """The data of the next event of this name."""
        while True:
            payload = await self.hear()
            if payload["t"] == event:
                data: dict[str, Any] = payload["d"]
                return data

    async def until_op(self, op: Op) -> Any:
        while True:
            payload = await self.hear()
            if payload["op"] == op:
                return payload["d"]

    async def until_closed(self) -> int | None:
        """The close code with which the gateway ends it."""
        try:
            while True:
                await self.hear()
        except Closed as closed:
            return closed.code

    async def identify(self, intents: int = GUILDS, **more: Any) -> dict[str, Any]:
        """Begin a session; READY's data."""
        await self.send_op(Op.IDENTIFY, identification(intents, **more))
        return await self.until("READY")

    async def resume(self, session_id: str, seq: int, token: str = TOKEN) -> None:
        await self.send_op(Op.RESUME, {"token": token, "session_id": session_id, "seq": seq})

    async def caught_up(self) -> list[str]:
        """The names of the events so far, once everything that was sent has arrived."""
        await self.send_op(Op.HEARTBEAT, self.seq)
        await self.until_op(Op.HEARTBEAT_ACK)
        return [payload["t"] for payload in self.received if payload["t"]]

    @property
    def seq(self) -> int | None:
        return max((p["s"] for p in self.received if p["s"] is not None), default=None)


def identification(intents: int | None = GUILDS, **more: Any) -> dict[str, Any]:
    properties = {"os": "linux", "browser": "test", "device": "test"}
    return {"token": TOKEN, "intents": intents, "properties": properties, **more}


class Gateway:
    """The server's gateway as a test uses it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = f"ws://127.0.0.1:{server.port}/gateway"

    def talk(self, act: Callable[["Talk"], Awaitable[T]]) -> T:
        """Run `act`, which may open any number of connections."""

        async def run() -> T:
            async with ClientSession() as session:
                return await asyncio.wait_for(act(Talk(session, self.url)), SECONDS * 2)

        return asyncio.run(run())


class Talk:
    def __init__(self, session: ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def open(self, query: str = "v=10&encoding=json") -> Wire:
        """A new connection, before anything was received."""
        return Wire(await self.session.ws_connect(f"{self.url}?{query}"))

    async def listen(self, intents: int = GUILDS) -> Wire:
        """A new connection with a session that has received its guild."""
        wire = await self.open()
        await wire.identify(intents)
        if intents & Intent.GUILDS:
            await wire.until("GUILD_CREATE")
        return wire
