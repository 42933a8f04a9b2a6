"""The gateway on the sandbox's own port: restarts, unknown people, and what is kept of a token."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from lens.sandbox.clock import Clock
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.services import make_services
from tests.lens.sandbox.client import Client
from tests.lens.sandbox.cohort import ADA, Service, make_bot, make_cohort
from tests.support.conformance import Conformance
from tests.support.running_sandbox import RunningSandbox, sandbox_running
from tests.support.sandbox import CALENDAR_ID, GUILD_ID

SECONDS = 20
GREETING = {
    "op": 2,
    "d": {"token": "sandbox-test", "intents": 1, "properties": {"os": "linux"}},
}


def on_gateway(
    url: str, act: Callable[[ClientWebSocketResponse], Awaitable[Any]], **headers: str
) -> Any:
    """What `act` finds on a websocket that has said who it is."""

    async def run() -> Any:
        address = url.replace("http", "ws") + "/gateway?v=10&encoding=json"
        async with (
            ClientSession() as session,
            session.ws_connect(address, headers=headers) as socket,
        ):
            await socket.send_json(GREETING)
            return await asyncio.wait_for(act(socket), SECONDS)

    return asyncio.run(run())


async def read_ready(socket: ClientWebSocketResponse) -> Any:
    while True:
        payload = await socket.receive_json()
        if payload["t"] == "READY":
            return payload["d"]


async def read_farewell(socket: ClientWebSocketResponse) -> int:
    """The code with which the sandbox closes."""
    while True:
        message = await socket.receive()
        if message.type is WSMsgType.CLOSE:
            return int(message.data)
        assert message.type is WSMsgType.TEXT, message


def test_the_bot_is_greeted_where_the_api_says(cohort: RunningSandbox) -> None:
    told = Service(cohort).discord("GET", "/api/v10/gateway/bot")["url"]
    ready = on_gateway(cohort.url, read_ready)
    assert told == ready["resume_gateway_url"] == cohort.url.replace("http", "ws") + "/gateway"


def test_a_page_from_elsewhere_receives_nothing(cohort: RunningSandbox) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        on_gateway(cohort.url, read_ready, Origin="https://elsewhere.example")
    assert refused.value.status == 403


def test_a_restart_ends_connections_and_keeps_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "state.json"

    def make() -> Sandbox:
        clock = Clock()
        services = make_services(clock, guild_id=GUILD_ID, calendar_id=CALENDAR_ID)
        return Sandbox(services, clock=clock, state_file=file)

    async def hold() -> tuple[str, int]:
        """A bot listens while the sandbox ends."""
        async with ClientSession() as session:
            running = sandbox_running(make)
            sandbox = await asyncio.to_thread(running.__enter__)
            await asyncio.to_thread(make_cohort, sandbox)
            interaction = await asyncio.to_thread(make_bot, sandbox)
            address = sandbox.url.replace("http", "ws") + "/gateway?v=10"
            async with session.ws_connect(address) as socket:
                await socket.send_json(GREETING)
                await read_ready(socket)
                ending = asyncio.ensure_future(
                    asyncio.to_thread(running.__exit__, None, None, None)
                )
                farewell = await asyncio.wait_for(read_farewell(socket), SECONDS)
                await ending
                return interaction, farewell

    interaction, code = asyncio.run(hold())
    assert code == 1001
    with sandbox_running(make) as sandbox:
        state = sandbox.get("state")["discord"]
        assert [command["name"] for command in state["commands"].values()] == ["group"]
        assert interaction in state["interactions"]
        assert sandbox.get("gateway")["sessions"] == []
        wish = {"user": ADA["id"], "command": "group meetings", "options": {"week": 1}}
        assert sandbox.post("interactions", wish)["id"] != interaction


@pytest.mark.conformance
def test_of_an_interaction_no_token_is_kept(
    cohort: RunningSandbox, conformance: Conformance
) -> None:
    seen = cohort.last
    interaction = make_bot(cohort)
    token = cohort.get("state")["discord"]["interactions"][interaction]["token"]
    assert token not in str(cohort.calls(seen))
    assert token not in Client(cohort.url).get("/").body
    assert cohort.calls(seen)[-1]["path"].endswith("/(hidden)/callback")
    conformance.check("discord", cohort.calls(seen))
