"""Staff skip weeks; calendar, events, access and e-mails follow, and undoing restores them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from cohorts.models import CohortStep
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from guestvisits.models import GuestVisit
from tests.guestvisits.effects.world import World
from tests.meetings.outside.looking import (
    assert_all_follow,
    assert_rests,
    events,
    invited,
    members,
)

pytestmark = pytest.mark.django_db(transaction=True)


def outside(world: World) -> dict[str, Any]:
    """Return what every group and person sees in Google and Discord."""
    people = [name for group in "ABC" for name in members(world, group)]
    return {
        **{name: (invited(world, name), world.access(name)) for name in people},
        **{group: sorted(set(events(world, group))) for group in "ABC"},
    }


def ask(world: World, kind: str, **params: Any) -> CohortStep:
    cohort = world.academy.cohort
    wanted = CohortStep(cohort=cohort, kind=kind, params=params)
    seen = step_kinds[kind].preview(wanted, world.now).digest
    return ask_for_step(kind, cohort.pk, params, seen=seen, by=None, now=world.now)


@pytest.mark.parametrize(
    ("weeks", "drop"),
    [
        (1, False),
        pytest.param(2, False, marks=pytest.mark.matrix),
        pytest.param(1, True, marks=pytest.mark.matrix),
    ],
)
def test_undoing_a_break_brings_back_the_same_state_outside(world, weeks, drop):
    world.book("Carl", "B", 2)
    world.minute(2)
    mail.outbox.clear()
    before = outside(world)

    monday = world.now.date() + timedelta(days=7)  # week 2 begins
    days = {"first": monday.isoformat(), "last": (monday + timedelta(7 * weeks - 1)).isoformat()}
    step = ask(world, "break", **days, drop=drop, also=[])
    world.minute(2)
    assert outside(world) == before
    world.pass_time(minutes=9)
    world.minute(3)
    step.refresh_from_db()
    assert step.state == "done"
    assert_all_follow(world)
    assert GuestVisit.objects.get().is_open is not drop
    told = [one.to[0] for one in mail.outbox if "No meetings" in str(one.subject)]
    assert sorted(told) == sorted({one.email for one in map(world.person, people(world))})
    assert len(mail.outbox) == len(told), "nobody gets two e-mails"
    for group in "ABC":
        assert sum("**No meetings" in text for text in world.said(group)) == 1
    assert_rests(world)

    ask(world, "break_undo", step=step.pk)
    world.minute(3)
    assert_all_follow(world)
    if not drop:  # a visit that ended is not booked again
        assert outside(world) == before
    assert_rests(world)


def people(world: World) -> list[str]:
    return [name for group in "ABC" for name in members(world, group)]
