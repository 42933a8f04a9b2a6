"""What the libraries that we use make of faults and limits: the reason these are worth having."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import HTTPClient, Route
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError

from tests.lens.sandbox.cohort import GUILD, make_series
from tests.support.running_sandbox import RunningSandbox
from tests.support.sandbox import CALENDAR_ID, GUILD_ID, TOKEN

Use = Callable[[HTTPClient], Awaitable[Any]]


@pytest.fixture
def use_discord(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[Use], Any]:
    """Runs a coroutine with discord.py, signed in to the sandbox."""
    monkeypatch.setattr(Route, "BASE", sandbox.discord_api_base)

    async def run(use: Use) -> Any:
        async with discord.Client(intents=discord.Intents(guilds=True)) as client:
            await client.login(TOKEN)
            return await use(client.http)

    return lambda use: asyncio.run(run(use))


@pytest.fixture
def events(sandbox: RunningSandbox) -> Any:
    """google-api-python-client's events, of the sandbox."""
    document = get_static_doc("calendar", "v3").replace("https://www.googleapis.com/", "ROOT")
    document = document.replace("ROOT", f"{sandbox.google_api_base}/")
    with build_from_document(document, credentials=Credentials(token="anything")) as service:
        yield service.events()


async def make_roles(http: HTTPClient, count: int) -> None:
    for number in range(count):
        await http.create_role(GUILD_ID, name=f"Group {number}")


def test_discord_py_waits_as_it_is_asked_to_and_goes_on(
    sandbox: RunningSandbox, use_discord: Callable[[Use], Any]
) -> None:
    hidden = {"path": "/roles$", "limit": 2, "window": 30, "announced": False}
    sandbox.set_limits(discord={"rules": [hidden]}, scale=0.001)
    use_discord(lambda http: make_roles(http, 5))
    assert len(sandbox.writes(path=f"{GUILD}/roles")) == 5
    assert sandbox.calls(status=429)


def test_discord_py_paces_itself_by_the_headers(
    sandbox: RunningSandbox, use_discord: Callable[[Use], Any]
) -> None:
    announced = {"path": "/roles$", "limit": 2, "window": 30}
    sandbox.set_limits(discord={"rules": [announced]}, scale=0.001)
    use_discord(lambda http: make_roles(http, 5))
    assert len(sandbox.writes(path=f"{GUILD}/roles")) == 5
    assert sandbox.calls(status=429) == []


def test_discord_py_gives_up_at_once_when_it_is_banned(
    sandbox: RunningSandbox, use_discord: Callable[[Use], Any]
) -> None:
    sandbox.set_faults({"kind": "error", "status": 403, "path": "/roles$", "nth": 1})
    sandbox.set_limits(discord={"refused": [1, 3600]})
    with pytest.raises(discord.Forbidden):
        use_discord(lambda http: make_roles(http, 1))
    with pytest.raises(discord.HTTPException, match="429"):
        use_discord(lambda http: make_roles(http, 1))


def test_discord_py_makes_a_second_role_when_an_error_hides_the_first(
    sandbox: RunningSandbox, use_discord: Callable[[Use], Any]
) -> None:
    sandbox.set_faults({"kind": "error_after", "status": 500, "method": "POST", "nth": 1})
    use_discord(lambda http: make_roles(http, 1))
    assert len(sandbox.writes(path=f"{GUILD}/roles")) == 2


def test_discord_py_sees_a_lost_answer_as_a_broken_connection(
    sandbox: RunningSandbox, use_discord: Callable[[Use], Any]
) -> None:
    sandbox.set_faults({"kind": "drop_after", "method": "POST"})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        use_discord(lambda http: make_roles(http, 1))
    assert len(sandbox.writes()) == 1


def test_the_google_client_sends_an_insert_twice_when_its_answer_is_lost(
    sandbox: RunningSandbox, events: Any
) -> None:
    sandbox.set_faults({"kind": "drop_after", "method": "POST", "nth": 1})
    with pytest.raises(HttpError) as refused:
        events.insert(calendarId=CALENDAR_ID, body=make_series(1, "ada")).execute()
    assert refused.value.status_code == 409
    assert [call["effect_status"] for call in sandbox.calls()] == [200, 409]


def test_the_google_client_reads_the_reason_of_a_refusal(
    sandbox: RunningSandbox, events: Any
) -> None:
    sandbox.set_limits(google={"global": [1, 3600]})
    events.list(calendarId=CALENDAR_ID).execute()
    with pytest.raises(HttpError) as refused:
        events.list(calendarId=CALENDAR_ID).execute()
    assert refused.value.status_code == 403
    assert refused.value.error_details[0]["reason"] == "rateLimitExceeded"


def test_a_process_is_killed_right_after_its_call_took_effect(sandbox: RunningSandbox) -> None:
    """The way in which the tests of killed workers stop one at its n-th call."""
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": 2})
    program = (
        "import http.client, sys\n"
        f"to = http.client.HTTPConnection({sandbox.url.removeprefix('http://')!r})\n"
        "headers = {'Authorization': 'Bot sandbox-test', 'Content-Type': 'application/json'}\n"
        "for number in range(9):\n"
        f"    to.request('POST', '{GUILD}/roles', '{{}}', headers)\n"
        "    to.getresponse().read()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    held = sandbox.wait_for_call(held=True)
    assert [held["number"], held["wrote"], held["status"]] == [2, True, None]
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    sandbox.wait_for_call(number=2, held=False)
    sandbox.set_faults()
    assert [call["wrote"] for call in sandbox.calls()] == [True, True]
