"""Undoing and reopening an end bring back the same state in Discord and Google."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from cohorts.models import CohortStep, Membership
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, undo_step
from tests.guestvisits.effects.world import World
from tests.meetings.outside.looking import assert_rests
from tests.support.worlds import describe_guild

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
OWN = {"Ada": "A", "Alan": "A", "Fay": "A", "Bea": "B", "Ben": "B", "Cleo": "C", "Carl": "C"}


@pytest.fixture
def _facts_alone() -> None:
    """Here, other than for the tests of facts, the providers look."""


@pytest.fixture
def running(world: World) -> World:
    """Week 1 is over. Fay leads group A; Bea comes to all of B's meetings, Ben not to the third."""
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
    return world


def outside(world: World) -> dict[str, Any]:
    """Return what Discord and Google have, apart from messages and what is over."""
    guild = describe_guild(world.sandbox.get("state"))
    del guild["messages"]
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


@pytest.mark.parametrize("groups", ["", "B"])
@pytest.mark.parametrize("after", [timedelta(minutes=5), timedelta(days=3)])
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

    ask(running, "reopen", step=step.pk)
    running.minute(4)
    found = outside(running)
    for what, was in before.items():
        assert found[what] == was, what
    assert answers(running) == said
    assert running.troubles() == []
    assert_rests(running)
