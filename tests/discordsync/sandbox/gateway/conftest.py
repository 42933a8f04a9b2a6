"""The fixture `gateway`: the fixture `guild`, and bare websockets to it."""

import pytest

from tests.discordsync.sandbox.gateway.wire import Gateway
from tests.discordsync.sandbox.server import Server


@pytest.fixture
def gateway(guild: Server) -> Gateway:
    """Without Discord's pauses between identifies, which have tests of their own."""
    guild.set(identify_seconds=0, all_members_seconds=0)
    return Gateway(guild)
