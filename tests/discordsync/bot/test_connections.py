"""The bot and its connection: broken, silent, lost with its session; nothing is lost with it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from cohorts import clock
from cohorts.models import User
from discordsync.bot.models import GuildMembership
from discordsync.models import HiddenCount
from tests.discordsync.bot.conftest import bot_running
from tests.discordsync.bot.here import World
from tests.support.academy import Academy
from tests.support.race import waits_for_a_lock
from tests.support.sandbox import GUILD_ID
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db(transaction=True)

numbers = itertools.count(1)
SILENCE = 4.0  # what the bot bears; heartbeats come far more often
HEARTBEAT = 0.5


@pytest.fixture
def _django_db_helper() -> None:
    """No test empties the database under the bot's hands: `world` does, when the bot is gone."""


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    log = tmp_path_factory.mktemp("bot") / "log"
    patience = {"DISCORD_SILENCE_SECONDS": str(SILENCE)}
    with django_db_blocker.unblock(), bot_running(log, **patience) as world:
        yield world


@pytest.fixture
def alice(world: World) -> User:
    """A learner in the server."""
    alice = learner("Alice")
    join(world, alice)
    return alice


def learner(name: str) -> User:
    """Someone with meetings this week, not in the server yet."""
    number = next(numbers)
    academy = Academy(clock.now(), name=f"Term {number}")
    return academy.add_member(f"{name} {number}", "A", discord_id=220000000000000000 + number)


def join(world: World, person: User) -> None:
    world.sandbox.post("join", {"id": str(person.discord_id), "username": f"person{person.pk}"})


def session(world: World) -> dict[str, Any]:
    """The one session of the bot, once it is connected."""
    shown: list[dict[str, Any]] = []

    def is_connected() -> bool:
        shown[:] = [s for s in world.sandbox.get("gateway")["sessions"] if s["connected"]]
        return len(shown) == 1

    world.people.wait(is_connected, "the bot is not connected")
    return shown[0]


def is_answered(world: World, person: User) -> None:
    world.people.answer(world.people.run(person, "my-meetings"), "Your next meetings")


def is_noticed(world: World, person: User) -> None:
    here = GuildMembership.objects.filter(user=person, left_at=None)
    world.people.wait(here.exists, f"nobody noticed that {person} is in the server")


@pytest.mark.parametrize(
    "wish",
    [
        {"do": "drop"},
        in_matrix({"do": "drop", "code": 4000}),
        in_matrix({"do": "reconnect"}),
        in_matrix({"do": "invalidate", "resumable": True}),
    ],
    ids=["cut", "closed", "reconnect", "resumable"],
)
def test_after_a_broken_connection_it_goes_on_where_it_was(
    world: World, alice: User, wish: dict[str, Any]
) -> None:
    before = session(world)
    late = learner("Late")
    world.sandbox.post("gateway", wish)
    join(world, late)
    asked = world.people.run(alice, "my-meetings")

    world.people.answer(asked, "Your next meetings")
    is_noticed(world, late)
    after = session(world)
    assert after["id"] == before["id"]
    assert after["resumed"] == before["resumed"] + 1


def test_a_heartbeat_without_answer_is_noticed(world: World, alice: User) -> None:
    world.sandbox.post("discord/settings", {"heartbeat_seconds": HEARTBEAT})
    before = session(world)
    world.sandbox.post("gateway", {"do": "drop"})  # the next connection beats faster
    world.people.wait(lambda: session(world)["resumed"] > before["resumed"], "it did not come back")
    world.sandbox.post("gateway", {"do": "silence"})
    world.people.wait(
        lambda: session(world)["resumed"] > before["resumed"] + 1, "silence was not noticed"
    )
    world.sandbox.post("discord/settings", {"heartbeat_seconds": 41.25})
    is_answered(world, alice)
    assert session(world)["id"] == before["id"]


def test_after_an_outage_it_comes_back_and_looks(world: World, alice: User) -> None:
    is_noticed(world, alice)
    late = learner("Late")
    world.sandbox.post("discord/settings", {"gateway_open": False, "identify_seconds": 0})
    world.sandbox.post("discord/settings", {"all_members_seconds": 0})
    world.sandbox.post("gateway", {"do": "drop"})
    world.people.wait(lambda: "was lost" in world.bot.said(), "the outage was not noticed")
    join(world, late)
    world.sandbox.post("discord/settings", {"gateway_open": True})

    is_noticed(world, late)
    is_answered(world, alice)


@pytest.mark.parametrize("told", [in_matrix(True), False], ids=["told", "not told"])
def test_what_was_lost_with_a_session_is_made_up_for_by_looking(
    world: World, alice: User, told: bool
) -> None:
    is_noticed(world, alice)
    before = session(world)
    world.sandbox.post("discord/settings", {"identify_seconds": 0, "all_members_seconds": 0})
    late = learner("Late")
    if told:
        world.sandbox.post("gateway", {"do": "invalidate"})
        join(world, late)
    else:
        world.sandbox.post("gateway", {"do": "forget"})
        join(world, late)  # received by no one
        world.sandbox.post("gateway", {"do": "drop"})
    is_noticed(world, late)
    is_answered(world, alice)
    assert session(world)["id"] != before["id"]


def test_what_changed_during_an_outage_of_the_guild_is_made_up_for(
    world: World, alice: User
) -> None:
    is_noticed(world, alice)
    before = session(world)
    world.sandbox.post("discord/settings", {"all_members_seconds": 0})
    late = learner("Late")
    world.sandbox.post("gateway", {"do": "outage"})
    join(world, late)  # received by no one
    world.sandbox.post("gateway", {"do": "recover"})
    is_noticed(world, late)
    assert session(world)["id"] == before["id"]


def test_who_joins_and_who_leaves_while_it_catches_up_is_recorded_last(
    world: World, alice: User
) -> None:
    leaving, late = learner("Leaving"), learner("Late")
    join(world, leaving)
    for person in (alice, leaving):
        is_noticed(world, person)
    world.sandbox.post("discord/settings", {"all_members_seconds": 0})
    hidden = HiddenCount.objects.filter(kind="channels", source="gateway", count__gt=0)
    with transaction.atomic():  # the catch-up has read who is there, and waits for this row
        GuildMembership.objects.select_for_update().get(user=alice)
        world.sandbox.post("gateway", {"do": "outage"})
        world.sandbox.post("gateway", {"do": "recover"})
        world.people.wait(waits_for_a_lock, "it does not catch up")
        world.sandbox.post("leave", {"id": str(leaving.discord_id)})
        join(world, late)
        hide_a_channel(world)
        world.people.wait(hidden.exists, "the events after the catch-up did not arrive")

    is_noticed(world, late)
    left = GuildMembership.objects.filter(user=leaving, left_at__isnull=False)
    world.people.wait(left.exists, "nobody noticed who left")


def hide_a_channel(world: World) -> None:
    """A channel that the bot cannot see: it reports that at once, after all earlier events."""
    hidden = [{"id": str(GUILD_ID), "type": 0, "allow": "0", "deny": str(1 << 10)}]
    channel = {"name": "staff", "type": 4, "permission_overwrites": hidden}
    world.sandbox.post("create", {"kind": "channel", "fields": channel})


def test_it_was_one_process_all_the_time(world: World) -> None:
    assert world.bot.is_running()
    assert "Traceback" not in world.bot.said()
