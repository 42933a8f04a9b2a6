"""A worker that dies after a write: afterwards the calendar, and who was mailed, are the same."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from cohorts.models import Installation, Membership
from guestvisits.services.booking import book_visit
from tests.calendarsync.conftest import NOW
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.workers import bury, finish, start

pytestmark = [pytest.mark.django_db(transaction=True)]

WRITES = 6  # `rehearse` holds the number to the truth
SAMPLE = (1, 4, WRITES)


def prepare(calendar: SeenCalendar) -> Academy:
    """Two groups to be realized, one meeting moved, one cancelled, one outside, one visited."""
    academy = Academy(calendar.now, groups="AB")
    for name, group in {"Ada": "A", "Alan": "A", "Bea": "B", "Ben": "B"}.items():
        academy.add_member(name, group)
    moved = academy.meeting("A", 2)
    move_meeting(moved.pk, starts_at=moved.starts_at + timedelta(hours=26), now=calendar.now)
    cancel_meeting(academy.meeting("A", 3).pk, now=calendar.now)
    last = academy.meeting("B", 4)
    academy.groups["B"].meetings.create(
        number=5, starts_at=last.starts_at + timedelta(days=7), duration_minutes=60
    )
    ada = Membership.objects.get(user__name="Ada").user
    book_visit(
        ada.pk,
        home_meeting_id=academy.meeting("A", 4).pk,
        host_meeting_id=academy.meeting("B", 4).pk,
        now=calendar.now,
    )
    calendar.realize_only(academy)
    return academy


def describe(calendar: SeenCalendar) -> Any:
    """What a person would see: which events, when, with whom; and how many mails of each kind."""
    world = calendar.sandbox.get("state")["google"]
    events = sorted(
        (
            event["fields"]["summary"],
            event["status"],
            event["original"] or "",
            event["fields"]["start"]["dateTime"],
            sorted(one["email"] for one in event["fields"].get("attendees", [])),
        )
        for event in world["events"].values()
    )
    return events, Counter((mail["to"], mail["kind"]) for mail in world["mails"])


def rehearse(calendar: SeenCalendar) -> Any:
    """What exists after a run that nothing disturbs; then the same facts, and nothing made."""
    prepare(calendar)
    finish(start("calendar"))
    assert len(calendar.writes_since(0)) == WRITES
    undisturbed = describe(calendar)
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
    calendar.sandbox.reset()
    Installation.objects.ensure(NOW)
    calendar.move_clock(NOW)
    prepare(calendar)
    return undisturbed


def check_killed_at(calendar: SeenCalendar, n: int) -> None:
    undisturbed = rehearse(calendar)
    calendar.sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": n})
    process = start("calendar")
    calendar.sandbox.wait_for_call(held=True)
    assert bury(process) == 1
    calendar.sandbox.set_faults()
    finish(start("calendar"))
    assert describe(calendar) == undisturbed
    assert calendar.troubles() == {}


@pytest.mark.parametrize("n", SAMPLE)
def test_a_worker_killed_after_a_write_makes_nothing_twice(calendar: SeenCalendar, n: int) -> None:
    check_killed_at(calendar, n)


@pytest.mark.matrix
@pytest.mark.parametrize("n", sorted(set(range(1, WRITES + 1)) - set(SAMPLE)))
def test_a_worker_killed_after_any_write_makes_nothing_twice(
    calendar: SeenCalendar, n: int
) -> None:
    check_killed_at(calendar, n)


def test_four_workers_at_once_make_one_of_everything(calendar: SeenCalendar) -> None:
    undisturbed = rehearse(calendar)
    finish(*[start("calendar") for _ in range(4)])
    assert describe(calendar) == undisturbed
