"""People on Discord, and what they ask of the bot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cohorts.models import User
from discordsync.bot.answers import Answer
from discordsync.bot.asks import Argument, Ask
from discordsync.bot.people import Asker
from discordsync.bot.verbs import carry_out
from tests.support.academy import Academy
from tests.support.clock import set_clock  # noqa: F401 - a fixture
from tests.support.only_discord import no_waiting, only_discord  # noqa: F401 - fixtures
from tests.support.without_mirrors import without_mirrors  # noqa: F401 - a fixture

FIRST_ACCOUNT = 200000000000000000
STRANGER = 299999999999999999

AskBot = Callable[..., Answer]


@pytest.fixture
def now() -> datetime:
    """Wednesday evening: week 1 lies three to six days later."""
    return datetime(2027, 3, 3, 18, tzinfo=UTC)


@pytest.fixture
def academy(db: None, without_mirrors: None, now: datetime) -> Academy:  # noqa: F811
    return Academy(now)


@pytest.fixture
def ask(now: datetime) -> AskBot:
    """What the bot answers a person: `ask(alice, "book", 1, 2)`."""

    def ask(who: User | int, verb: str, *args: Argument, admin: bool = False) -> Answer:
        account = who if isinstance(who, int) else who.discord_id or 0
        return carry_out(Ask(verb, args), Asker(account, "Somebody", admin), now=now)

    return ask


@pytest.fixture
def add(academy: Academy) -> Callable[..., User]:
    """A member with a Discord account: `add("Alice", "A")`."""

    def add(name: str, group: str, **fields: object) -> User:
        number = User.objects.count() + 1
        return academy.add_member(name, group, discord_id=FIRST_ACCOUNT + number, **fields)

    return add


def labels(answer: Answer) -> list[str]:
    return [button.label for button in answer.buttons]


def asks(answer: Answer) -> list[tuple[object, ...]]:
    """What the buttons ask; those that open an address are left out."""
    return [(b.ask.verb, *b.ask.args) for b in answer.buttons if b.ask]
