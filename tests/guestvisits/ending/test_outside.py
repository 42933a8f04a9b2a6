"""What an end does in Discord and Google, disturbed at every call; undoing and reopening it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from cohorts.models import CohortStep, Membership
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, undo_step
from cohorts.steps.tasks import carry_out_due
from discordsync.models import DiscordObject
from discordsync.removal.services import KEEP, decide
from discordsync.state import permissions
from guestvisits.services.updating import update_all_visits
from tests.guestvisits.effects.world import World
from tests.guestvisits.merging.test_kills import FAILING
from tests.meetings.outside.failing import fail_once, work_through
from tests.meetings.outside.looking import assert_rests, events
from tests.support.kept_worlds import BuildOnce
from tests.support.spread import thin
from tests.support.workers import bury, worker
from tests.support.worlds import describe_guild

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
OWN = {"Ada": "A", "Alan": "A", "Fay": "A", "Bea": "B", "Ben": "B", "Cleo": "C", "Carl": "C"}


@pytest.fixture
def _facts_alone() -> None:
    """Here, other than for the tests of facts, the providers look."""


@pytest.fixture
def running(world: World, build_once: BuildOnce) -> World:
    """Week 1 is over. Fay leads group A; Bea comes to all of B's meetings, Ben not to the third."""
    build_once("week 1 of three groups is over", lambda: pass_week_1(world))
    return world


def pass_week_1(world: World) -> None:
    fay = world.add("Fay", "A")
    Membership.objects.filter(user=fay).update(role="facilitator")
    world.minute()
    world.calendar.respond(world.person("Bea"), "accepted", world.group("B"))
    world.calendar.respond(world.person("Ben"), "declined", world.group("B"), world.meeting("B", 3))
    world.move_clock(world.meeting("C", 1).ends_at + HOUR)
    world.minute(2)
    world.hour()
    world.calendar.forget_mails()
    mail.outbox.clear()
    assert world.troubles() == []


def outside(world: World) -> dict[str, Any]:
    """Return what Discord and Google have, apart from messages and what is over."""
    guild = describe_guild(world.sandbox.get("state"))
    del guild["messages"]
    guild["events"] = [one for one in guild["events"] if one[2] > world.now.isoformat()]
    now = world.now.isoformat().replace("+00:00", "Z")
    ahead = world.calendar.ask(f"events?singleEvents=true&timeMin={now}&maxResults=2500")["items"]
    return {**guild, "calendar": sorted(map(_occurrence, ahead))}


def _occurrence(event: dict[str, Any]) -> tuple[Any, ...]:
    people = sorted(map(_guest, event.get("attendees", ())))
    times = (event["start"]["dateTime"], event["end"]["dateTime"])
    return (*times, event["summary"], event.get("description", ""), people)


def _guest(entry: dict[str, str]) -> tuple[str, str]:
    """Return a guest and their answer.  Ben's is to one occurrence: Google forgets it when that is
    cancelled, and lets no one else give it.  Lens keeps it."""
    name = entry["email"].partition("@")[0]
    return name, "" if name == "ben" else entry["responseStatus"]


def answers(world: World) -> dict[str, dict[str, str]]:
    return {name: world.answers(name) for name in OWN}


def ask(world: World, kind: str, **params: Any) -> CohortStep:
    cohort = world.academy.cohort
    wanted = CohortStep(cohort=cohort, kind=kind, params=params)
    seen = step_kinds[kind].preview(wanted, world.now).digest
    return ask_for_step(kind, cohort.pk, params, seen=seen, by=None, now=world.now)


def ask_for_end(world: World, *groups: str) -> CohortStep:
    ids = sorted(world.group(name).pk for name in groups)
    return ask(world, "end", groups=ids, status="cancelled")


def test_an_end_that_is_undone_in_the_last_second_writes_nothing_outside(running: World) -> None:
    before, seen = outside(running), running.sandbox.last
    step = ask_for_end(running)
    running.minute()
    undo_step(step.pk, now=step.due_at - SECOND)
    running.move_clock(step.due_at)
    running.minute(3)
    assert running.sandbox.writes(since=seen) == []
    assert mail.outbox == []
    assert outside(running) == before


def keep(key: str, world: World) -> None:
    """Staff have reviewed the removal and keep this object, as they can after its archive."""
    row = DiscordObject.objects.select_related("group__cohort").get(key=key)
    assert row.group
    assert row.group.archive
    shown = [{"key": key, "outside_id": str(row.outside_id)}]
    assert decide(shown, {key: KEEP}, by=0, now=row.group.archive.ends_at).kept == 1


@pytest.mark.parametrize(
    ("groups", "after"),
    [
        ("", timedelta(days=3)),
        pytest.param("B", timedelta(days=3), marks=pytest.mark.matrix),
        pytest.param("", timedelta(minutes=5), marks=pytest.mark.matrix),
        pytest.param("B", timedelta(minutes=5), marks=pytest.mark.matrix),
    ],
)
def test_reopening_brings_back_the_same_state_outside(running, groups, after) -> None:
    before, said = outside(running), answers(running)
    assert said["Ben"]["Group B 3"] == "not_attending"
    step = ask_for_end(running, *groups)
    running.move_clock(step.due_at)
    running.minute(3)
    step.refresh_from_db()
    assert step.state == "done"
    assert outside(running) != before
    running.move_clock(running.now + after)
    running.minute()
    keep(f"text_channel:{running.group('B').pk}", running)

    ask(running, "reopen", step=step.pk)
    running.minute(4)
    found = outside(running)
    for what, was in before.items():
        assert found[what] == was, what
    assert answers(running) == said
    assert running.troubles() == []
    assert_rests(running)


# -- an end that has taken effect, disturbed at every call ---------------------------------------

WRITES = 26  # of the end; a test below holds the number to the truth


@pytest.fixture
def ended(running: World, build_once: BuildOnce) -> World:
    """The end has taken effect, and no one has begun to do anything about it."""
    build_once("three groups that have ended", lambda: end(running))
    return running


def end(running: World) -> None:
    running.book("Carl", "B", 3)
    running.minute(2)
    running.calendar.forget_mails()
    mail.outbox.clear()
    step = ask_for_end(running)
    running.minute()
    running.move_clock(step.due_at)
    assert carry_out_due(running.now) == 1
    update_all_visits(running.now)
    running.lose_queue()


def assert_as_ended(world: World) -> None:
    """Everyone can read the channels of their own group; nothing lies ahead; each was told once."""
    for name, group in OWN.items():
        assert world.access(name) == {group}, name
        assert [world.invited(name, other) for other in "ABC"] == [
            [1] if other == group else [] for other in "ABC"
        ]
    now = world.now.isoformat(" ")
    assert not any(start > now for group in "ABC" for start, _ in events(world, group))
    assert_closed(world)
    assert sorted((one.to[0], one.subject) for one in mail.outbox) == [
        (f"{name.lower()}@example.org", "Autumn has ended") for name in sorted(OWN)
    ]
    for group in "ABC":
        assert sum(f"Group {group} has ended" in text for text in world.said(group)) == 1
    assert Counter(world.calendar.mails) == MAILS
    assert world.troubles() == []
    assert_rests(world)


# What Google mails: weeks 2 and 3 are cancelled, and Carl's visit.
MAILS = {(name.lower(), "cancellation"): 2 for name in OWN} | {("carl", "cancellation"): 3}


def assert_closed(world: World) -> None:
    """No one has rights of their own, and each group's role can only read."""
    guild = world.sandbox.get("state")["discord"]
    roles = {pk for pk, role in guild["roles"].items() if role["name"].startswith("Group")}
    people = {str(world.person(name).discord_id) for name in OWN}
    found = 0
    for channel in guild["channels"].values():
        assert not channel["overwrites"].keys() & people
        for role in roles & channel["overwrites"].keys():
            assert int(channel["overwrites"][role]["allow"]) == permissions.READER
            assert int(channel["overwrites"][role]["deny"]) == permissions.READER_DENIED
            found += 1
    assert found == 9, "three groups with two channels each, and the cohort's channel"


@pytest.mark.matrix
def test_an_end_undisturbed(ended: World) -> None:
    before = ended.sandbox.last
    ended.minute(3)
    assert len(ended.sandbox.writes(before)) == WRITES
    assert_as_ended(ended)


@pytest.mark.parametrize("n", thin(range(1, WRITES + 1), always=(9,)))
def test_a_worker_killed_after_any_write_of_an_end(ended: World, n: int) -> None:
    """The worker's process is killed right after its n-th write had its effect."""
    world = ended
    world.sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": n})
    with worker("discord", "calendar") as process:
        world.sandbox.wait_for_call(held=True)
        bury(process)
    world.sandbox.set_faults()
    world.minute(3)
    assert_as_ended(world)


@pytest.mark.matrix
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "answers are lost" else pytest.mark.matrix)
        for name in FAILING
        if name != "too many calls"  # five in a row for one call are taken for a ban
    ],
)
def test_every_other_write_of_an_end_fails(ended: World, name: str) -> None:
    work_through(ended, {**FAILING[name], "wrote": True, "every": 2})
    assert_as_ended(ended)


@pytest.mark.matrix
@pytest.mark.parametrize("n", range(1, WRITES // 4 + 1))
def test_any_four_writes_of_an_end_fail_once(ended: World, n: int) -> None:
    work_through(ended, *fail_once(FAILING, n, writes=WRITES, apart=WRITES // 4))
    assert_as_ended(ended)
