"""Discord's sandbox alone, listening in a thread, and what a test asks of it."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import discord
from aiohttp import web

from discordsync.sandbox import DiscordSandbox

GUILD = "100000000000000001"
ADA = "200000000000000001"
BEN = "200000000000000002"
CLEO = "200000000000000003"
PEOPLE = [
    {"id": ADA, "username": "ada"},
    {"id": BEN, "username": "ben"},
    {"id": CLEO, "username": "cleo"},
]

T = TypeVar("T")


class Clock:
    """A clock that does not run until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status, parsed JSON (None when empty), headers with lower-case names."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> tuple[int, int]:
        """HTTP status and Discord's code, by which refusals are compared."""
        return self.status, self.body["code"]


class Server:
    """The sandbox as a test holds it. It forgets everything between tests."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        port: int,
        sandbox: DiscordSandbox,
        clock: Clock,
        exchanges: list[dict[str, Any]],
    ) -> None:
        self.loop, self.port, self.sandbox = loop, port, sandbox
        self.clock, self.exchanges = clock, exchanges

    def begin(self) -> None:
        self.clock.time = Clock().time
        self.on_server(self.sandbox.reset)
        self.control("members", PEOPLE)
        self.exchanges.clear()

    def on_server(self, act: Callable[[], T]) -> T:
        """Call `act` in the server's own thread, where the state may be touched."""

        async def call() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(10)

    def control(self, name: str, data: Any) -> Any:
        return self.on_server(lambda: self.sandbox.controls[name](data))

    def set(self, **settings: Any) -> None:
        self.control("settings", settings)

    def make(self, kind: str, **fields: Any) -> str:
        """Made by hand, as the guild's owner; its id."""
        return str(self.control("create", {"kind": kind, "fields": fields})["id"])

    @property
    def bot(self) -> str:
        return self.sandbox.guild.bot_id

    @property
    def state(self) -> dict[str, Any]:
        return self.on_server(self.sandbox.dump)

    def pass_time(self, **duration: float) -> None:
        self.clock.time += timedelta(**duration)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        reason: str | None = None,
    ) -> Reply:
        """One request as the bot; `path` is below /api/v10, `raw` replaces the JSON body."""
        sent = {"Authorization": "Bot sandbox-test"}
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        if reason:
            sent["X-Audit-Log-Reason"] = quote(reason)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            target = f"/api/v10{path}" + (f"?{urlencode(query)}" if query else "")
            connection.request(method, target, body=raw, headers={**sent, **(headers or {})})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        shown = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, json.loads(text) if text else None, shown)

    def as_client(self, act: Callable[[discord.Client, discord.Guild], Awaitable[T]]) -> T:
        """Run `act` with a signed-in discord.py client and the guild it fetched."""

        async def run() -> T:
            async with discord.Client(intents=discord.Intents(members=True)) as client:
                await client.login("sandbox-test")
                return await act(client, await client.fetch_guild(int(GUILD)))

        return asyncio.run(run())


@web.middleware
async def record(request: web.Request, handler: Any) -> Any:
    """Keep what was asked and answered, in the form that the conformance checkers read."""
    raw = await request.read()
    response = await handler(request)
    if request.path == "/gateway":
        return response  # the websocket, which is no part of the REST API
    answered = response.body if isinstance(response.body, bytes) else b""
    request.app[EXCHANGES].append(
        {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "body": parsed(raw),
            "status": response.status,
            "response": parsed(answered),
        }
    )
    return response


EXCHANGES = web.AppKey("exchanges", list[dict[str, Any]])


def parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode("utf-8", "replace")


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of this machine, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    clock = Clock()
    sandbox = DiscordSandbox(now=clock.now, guild_id=int(GUILD))
    exchanges: list[dict[str, Any]] = []
    app = web.Application(middlewares=[record])
    app[EXCHANGES] = exchanges
    app.add_routes(sandbox.routes())
    runner = web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    server = Server(loop, port, sandbox, clock, exchanges)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
