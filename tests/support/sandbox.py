"""The fixture `sandbox`: Discord and Google Calendar, listening on this machine.

    def test_a_channel_is_made_once(sandbox):
        sandbox.post("members", [{"id": "200000000000000001", "username": "ada"}])
        sandbox.set_faults({"kind": "drop_after", "method": "POST", "path": "/channels$", "nth": 1})
        ...
        assert len(sandbox.writes(service="discord", method="POST")) == 1

The settings point at it, so code under test finds it by itself; a process that a test starts
finds it by `env={**os.environ, **sandbox_environment(sandbox)}`. docs/sandbox.md has the rest.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from lens.sandbox.clock import Clock
from lens.sandbox.sandbox import Sandbox
from lens.security_headers import content_security_policy
from tests.support.running_sandbox import RunningSandbox, sandbox_running

GUILD_ID = 100000000000000001
CALENDAR_ID = "lens@sandbox.example"
TOKEN = "sandbox-test"
CLIENT_ID = 100000000000000002
CLIENT_SECRET = "sandbox-test"


def make_sandbox() -> Sandbox:
    # Here and not above: tests that need no services run without them.
    from lens.sandbox.services import make_services

    clock = Clock()
    return Sandbox(make_services(clock, guild_id=GUILD_ID, calendar_id=CALENDAR_ID), clock=clock)


@pytest.fixture(scope="session")
def one_sandbox_server() -> Iterator[RunningSandbox]:
    with sandbox_running(make_sandbox) as running:
        yield running


@pytest.fixture
def sandbox(one_sandbox_server: RunningSandbox, settings: Any) -> Iterator[RunningSandbox]:
    """A sandbox that starts over for each test; a flaw of the sandbox itself fails the test."""
    one_sandbox_server.reset()
    settings.DISCORD_API_BASE = one_sandbox_server.discord_api_base
    settings.DISCORD_BOT_TOKEN = TOKEN
    settings.DISCORD_GUILD_ID = GUILD_ID
    settings.DISCORD_CLIENT_ID = CLIENT_ID
    settings.AVATAR_URL = f"{one_sandbox_server.url}/avatars/{{id}}/{{hash}}.png"
    settings.CONTENT_SECURITY_POLICY = content_security_policy(
        avatars=settings.AVATAR_URL, discord=settings.DISCORD_API_BASE
    )
    settings.DISCORD_CLIENT_SECRET = CLIENT_SECRET
    settings.GOOGLE_CALENDAR_API_BASE = one_sandbox_server.google_api_base
    settings.GOOGLE_CALENDAR_ID = CALENDAR_ID
    yield one_sandbox_server
    crashes = one_sandbox_server.find_crashes()
    # Lets go of what a fault still holds, so that no thread of the test waits for ever.
    one_sandbox_server.set_faults()
    assert not crashes, f"the sandbox itself failed at {crashes}"


def sandbox_environment(sandbox: RunningSandbox) -> dict[str, str]:
    """The environment by which another process uses this sandbox."""
    return {
        "DISCORD_API_BASE": sandbox.discord_api_base,
        "DISCORD_BOT_TOKEN": TOKEN,
        "DISCORD_GUILD_ID": str(GUILD_ID),
        "GOOGLE_CALENDAR_API_BASE": sandbox.google_api_base,
        "GOOGLE_CALENDAR_ID": CALENDAR_ID,
    }
