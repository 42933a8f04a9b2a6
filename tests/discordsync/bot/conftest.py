"""People on Discord, and what they ask of the bot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from cohorts import clock
from cohorts.models import User
from discordsync.bot.handlers import answer_request
from discordsync.bot.replies.bot_answer import BotAnswer
from discordsync.bot.replies.requests import Argument, BotRequest
from discordsync.bot.replies.users import BotUser
from meetings.models import Meeting
from tests.discordsync.bot.discord import People
from tests.discordsync.bot.here import Here, World, numbers, workers
from tests.discordsync.bot.running import RunningBot
from tests.support.academy import Academy
from tests.support.cohort import MadeCohort, make_cohort, realize
from tests.support.kept_worlds import BuildOnce
from tests.support.running_sandbox import RunningSandbox, sandbox_running
from tests.support.sandbox import CALENDAR_ID, GUILD_ID, TOKEN, make_sandbox

FIRST_ACCOUNT = 200000000000000000
STRANGER = 299999999999999999
GENERAL = {"name": "general", "type": 0}  # where everyone can type

AskBot = Callable[..., BotAnswer]


@pytest.fixture
def now() -> datetime:
    """Wednesday evening: week 1 lies three to six days later."""
    return datetime(2027, 3, 3, 18, tzinfo=UTC)


@pytest.fixture
def academy(build_once: BuildOnce, without_providers: None, now: datetime) -> Academy:
    return build_once("three groups for the bot", lambda: Academy(now))


@pytest.fixture
def ask(now: datetime) -> AskBot:
    """What the bot answers a person: `ask(alice, "book", 1, 2)`."""

    def ask(who: User | int, verb: str, *args: Argument, admin: bool = False) -> BotAnswer:
        account = who if isinstance(who, int) else who.discord_id or 0
        return answer_request(BotRequest(verb, args), BotUser(account, "Somebody", admin), now=now)

    return ask


@pytest.fixture
def add(academy: Academy) -> Callable[..., User]:
    """A member with a Discord account: `add("Alice", "A")`."""

    def add(name: str, group: str, **fields: object) -> User:
        number = User.objects.count() + 1
        return academy.add_member(name, group, discord_id=FIRST_ACCOUNT + number, **fields)

    return add


def booking(home: Meeting, host: Meeting) -> tuple[str, int, int, int]:
    """What the button asks that books a visit to `host` in place of `home`."""
    return "book", home.pk, host.pk, int(host.starts_at.timestamp())


def labels(answer: BotAnswer) -> list[str]:
    return [button.label for button in answer.buttons]


def asks(answer: BotAnswer) -> list[tuple[object, ...]]:
    """What the buttons ask; those that open an address are left out."""
    return [(b.request.name, *b.request.args) for b in answer.buttons if b.request]


# -- the bot as a process --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with django_db_blocker.unblock(), bot_running(tmp_path_factory.mktemp("bot") / "log") as world:
        yield world


@contextmanager
def bot_running(log: Path, **more: str) -> Iterator[World]:
    """A guild and a bot, with `more` in the bot's environment; the database is emptied at the end.

    The three seconds in which Discord wants an answer are for tests of their own: here a busy
    machine must not decide.
    """
    with (
        sandbox_running(make_sandbox) as sandbox,
        override_settings(**sandbox_settings(sandbox)),
    ):
        sandbox.post("discord/settings", {"interaction_seconds": 60})
        sandbox.post("create", {"kind": "channel", "fields": GENERAL})
        bot = RunningBot(log, sandbox, **more)
        try:
            bot.wait_until_ready()
            yield World(sandbox, bot, People(sandbox, bot.said))
        finally:
            bot.kill()
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False)


def sandbox_settings(sandbox: RunningSandbox) -> dict[str, Any]:
    return {
        "DISCORD_API_BASE": sandbox.discord_api_base,
        "DISCORD_BOT_TOKEN": TOKEN,
        "DISCORD_GUILD_ID": GUILD_ID,
        "GOOGLE_CALENDAR_API_BASE": sandbox.google_api_base,
        "GOOGLE_CALENDAR_ID": CALENDAR_ID,
    }


@pytest.fixture
def here(world: World) -> Here:
    """Three groups that meet this week; whoever is added is in the server."""
    return Here(world, Academy(clock.now(), name=f"Term {next(numbers)}"))


@pytest.fixture
def owner(world: World) -> str:
    """The server's owner, who is an administrator and in no roster."""
    return str(world.sandbox.get("state")["discord"]["guild"]["owner_id"])


@pytest.fixture
def standing(here: Here) -> MadeCohort:
    """A group that is set up; of its two members the first is in the server."""
    made = make_cohort(groups=1, members=2, name=f"Standing {next(numbers)}")
    here.join(made.people[0])
    realize(made)
    workers()
    assert made.refresh().groups[0].status == "active"
    return made


@pytest.fixture
def clock_again(world: World) -> Iterator[None]:
    """The sandbox's clock is put back, and nothing is held any more."""
    yield
    world.sandbox.post("discord/settings", {"interaction_seconds": 60, "interaction_minutes": 15})
    world.sandbox.set_faults()
    world.sandbox.post("clock", {"offset_seconds": 0})
