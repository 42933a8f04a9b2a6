"""Groups on paper for the pure rules: rows that no database holds, each with its number as id."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from cohorts.models import Cohort, Group
from meetings.derivation import diff_meetings
from meetings.models import Meeting
from meetings.moving.types import Decision, MoveFacts
from meetings.rhythm import Rhythm, Slot, SlotUntil
from meetings.selectors import slot_of

NOW = datetime(2027, 1, 18, 12, tzinfo=UTC)  # the Monday between the first and the second meeting
EXTRA = 90  # the id of the first extra session, which has no number
BEFORE = datetime(2027, 1, 4, 12, tzinfo=UTC)
WEDNESDAY, THURSDAY = 2, 3
WEDNESDAYS = Slot(WEDNESDAY, time(15), "UTC", 60)


def make_facts(
    *,
    now: datetime = BEFORE,
    count: int = 4,
    slot: Slot = WEDNESDAYS,
    status: str = Group.Status.ACTIVE,
    is_set_up: bool = True,
    start_date: date = date(2027, 1, 11),
    earlier: Iterable[SlotUntil] = (),
    skipped: Iterable[date] = (),
) -> MoveFacts:
    """A group whose meetings are Wednesdays at 15:00 from 13 January 2027."""
    cohort = Cohort(
        pk=1, name="Winter", start_date=start_date, number_of_meetings=count, first_known_at=now
    )
    group = Group(
        pk=1, name="Alpha", cohort=cohort, status=status, set_up_at=now if is_set_up else None
    )
    group.weekday, group.start_time = slot.weekday, slot.start_time
    group.timezone, group.duration_minutes = slot.zone, slot.minutes
    rhythm = Rhythm(start_date, count, slot_of(group), tuple(earlier), frozenset(skipped))
    rows = diff_meetings(group, rhythm, [], now).create
    for row in rows:
        row.pk = row.number
    return MoveFacts(group, rhythm, rows)


def change_row(facts: MoveFacts, number: int, **values: Any) -> Meeting:
    row = next(row for row in facts.rows if row.number == number)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def carry_out(facts: MoveFacts, decision: Decision) -> MoveFacts:
    """The group as it is after the move."""
    for row in decision.rows:
        row.pk = row.pk or row.number or EXTRA + sum(not other.number for other in facts.rows)
    rows = {row.pk: row for row in [*facts.rows, *decision.rows]}
    group = facts.group
    if decision.rhythm.slot and group.has_slot:
        group.weekday, group.start_time = (
            decision.rhythm.slot.weekday,
            decision.rhythm.slot.start_time,
        )
        group.timezone = decision.rhythm.slot.zone
        group.duration_minutes = decision.rhythm.slot.minutes
    return MoveFacts(group, decision.rhythm, [rows[number] for number in sorted(rows)])


def days(facts: MoveFacts) -> dict[int, int | None]:
    """By id the day of January 2027 (32 is 1 February), None for a cancelled meeting."""
    last_day = date(2026, 12, 31)
    return {
        row.pk: None if row.is_cancelled else (row.starts_at.date() - last_day).days
        for row in facts.rows
    }
