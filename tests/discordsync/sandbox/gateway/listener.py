"""A real discord.py client that lives on the gateway, and what it has noticed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from tests.discordsync.sandbox.gateway.wire import Gateway
from tests.discordsync.sandbox.server import GUILD

T = TypeVar("T")
SECONDS = 20
INTENTS = discord.Intents(guilds=True, members=True, voice_states=True, guild_scheduled_events=True)


class Listener(discord.Client):
    """Notes what it receives; it begins a new session without the usual pause of five seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"intents": INTENTS, "guild_ready_timeout": 0.1, **options})
        self.tree = app_commands.CommandTree(self)
        self.noticed: list[str] = []
        self.failures: list[BaseException] = []
        self._moved = asyncio.Condition()

    async def before_identify_hook(self, _shard: int | None, *, initial: bool = False) -> None:
        del initial

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        if not event.startswith("socket"):
            self.noticed.append(event)

    async def on_error(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"{event} failed for {args} {kwargs}")

    async def until(self, is_so: Callable[[], Any]) -> Any:
        """Wait until something is so, and return it."""
        while not (found := is_so()):
            await asyncio.sleep(0.005)
        return found

    async def until_noticed(self, event: str, times: int = 1) -> None:
        await self.until(lambda: self.noticed.count(event) >= times)

    @property
    def guild(self) -> discord.Guild:
        guild = self.get_guild(int(GUILD))
        assert guild is not None
        return guild


def run(
    gateway: Gateway,
    act: Callable[[Listener], Awaitable[T]],
    *,
    make: Callable[[], Listener] = Listener,
) -> T:
    """Run `act` beside a client that is ready, until it is done."""

    async def live() -> T:
        async with make() as client:
            connecting = asyncio.ensure_future(client.start("sandbox-test"))
            acting = asyncio.ensure_future(begin(client, act))
            done, _ = await asyncio.wait(
                {connecting, acting}, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            assert done, f"nothing came of it; noticed: {client.noticed}"
            if connecting in done:
                acting.cancel()
                connecting.result()
            await client.close()
            await asyncio.wait({connecting}, timeout=SECONDS)
            return acting.result()

    before = DiscordWebSocket.DEFAULT_GATEWAY
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway.url)
    try:
        return asyncio.run(live())
    finally:
        DiscordWebSocket.DEFAULT_GATEWAY = before


async def begin(client: Listener, act: Callable[[Listener], Awaitable[T]]) -> T:
    await client.until_noticed("ready")
    return await act(client)
