"""The fixtures `bot` and `people`, in a guild with a channel and the command /echo."""

import pytest

from tests.discordsync.sandbox.interactions.playing import ECHO, Bot, People
from tests.discordsync.sandbox.server import Server


@pytest.fixture
def channel(guild: Server) -> str:
    return guild.make("channel", name="general")


@pytest.fixture
def bot(guild: Server, channel: str) -> Bot:
    bot = Bot(guild)
    bot.register(ECHO)
    return bot


@pytest.fixture
def people(guild: Server) -> People:
    return People(guild)
