"""What a break, and undoing it, do to one group's meetings. Pure: rows in, changed copies out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cohorts.zones import find_zone
from meetings.derivation import DERIVED_FIELDS, diff_meetings, follows_rhythm, make_room
from meetings.models import Meeting, MeetingMove
from meetings.moving.concluding import conclude
from meetings.moving.types import Decision, MoveFacts
from meetings.rhythm import Place, Rhythm, later_by_weeks

Values = list[Any]  # of DERIVED_FIELDS


@dataclass(frozen=True, slots=True)
class Break:
    """The days without meetings, both included. `also`: ids of meetings outside the rhythm that
    are to change with the others."""

    first: date
    last: date
    drop: bool = False
    also: frozenset[int] = frozenset()

    def holds(self, moment: datetime, zone: str) -> bool:
        return self.first <= moment.astimezone(find_zone(zone)).date() <= self.last


@dataclass(frozen=True, slots=True)
class BreakUndo:
    """What a break did to one group: the weeks it skipped, and each row before and after it."""

    skipped: frozenset[date]
    before: Mapping[int, Values]
    after: Mapping[int, Values]


def decide_break(wanted: Break, facts: MoveFacts, now: datetime) -> Decision | None:
    """Return what the break does; None if no meeting is affected. Raises Refusal("clash")."""
    if facts.group.has_ended:
        return None
    rows = [copy(row) for row in facts.rows]
    rhythm = facts.rhythm
    if wanted.drop:
        for row in _in_range(wanted, rows, rhythm, now):
            row.status, row.touched_at = Meeting.Status.CANCELLED, now
    else:
        rhythm = _push_back(wanted, facts, rows, now)
    return conclude(facts, rows, rhythm, MeetingMove.Kind.BREAK)


def decide_undo(done: BreakUndo, facts: MoveFacts, now: datetime) -> Decision | None:
    """Return what undoing a break does; None if nothing. What was changed since then stays.

    Raises Refusal("clash").
    """
    if facts.group.has_ended:
        return None
    rows = [copy(row) for row in facts.rows]
    for row in rows:
        before = done.before.get(row.pk)
        is_same = before is not None and values_of(row) == done.after[row.pk]
        if before is not None and is_same and min(row.starts_at, before[0]) > now:
            for name, value in zip(DERIVED_FIELDS, before, strict=True):
                setattr(row, name, value)
    wanted = replace(facts.rhythm, skipped=facts.rhythm.skipped - done.skipped)
    rhythm = make_room(facts.group, wanted, rows, now)
    diff_meetings(facts.group, rhythm, rows, now)
    return conclude(facts, rows, rhythm, MeetingMove.Kind.UNBREAK)


def values_of(row: Meeting) -> Values:
    return [getattr(row, name) for name in DERIVED_FIELDS]


def is_by_hand(row: Meeting, now: datetime) -> bool:
    """Return whether the meeting is ahead and has a tick of its own in the form."""
    return not (row.is_cancelled or follows_rhythm(row)) and row.starts_at > now


# -- pushing back ----------------------------------------------------------------------------------


def _push_back(wanted: Break, facts: MoveFacts, rows: list[Meeting], now: datetime) -> Rhythm:
    """Update the rows and return the rhythm without the weeks of the break."""
    rhythm, weeks = facts.rhythm, 0
    while (week := _next_week(wanted, rows, rhythm, now)) is not None:
        rhythm, weeks = replace(rhythm, skipped=rhythm.skipped | {week}), weeks + 1
    if not weeks:
        weeks = int(any(_is_ticked(wanted, row, now) for row in rows))
    for row in rows:
        if _is_ticked(wanted, row, now) and weeks:
            row.starts_at = later_by_weeks(row.starts_at, weeks, facts.group.timezone)
            row.touched_at = now
    if rhythm != facts.rhythm:
        rhythm = make_room(facts.group, rhythm, rows, now)
        diff_meetings(facts.group, rhythm, rows, now)
    return rhythm


def _next_week(wanted: Break, rows: list[Meeting], rhythm: Rhythm, now: datetime) -> date | None:
    """Return the first week of the rhythm that has to be skipped, if any is left."""
    by_number = {row.number: row for row in rows}
    for number, place in rhythm.numbered().items():
        row = by_number.get(number)
        if row and _moves(row, place, now) and wanted.holds(place.starts_at, place.slot.zone):
            return place.week
    return None


def _moves(row: Meeting, place: Place, now: datetime) -> bool:
    is_ahead = row.starts_at > now and place.starts_at > now and place.is_known
    return is_ahead and follows_rhythm(row)


def _is_ticked(wanted: Break, row: Meeting, now: datetime) -> bool:
    """Return whether a meeting outside the rhythm is to change: one in the range, or later."""
    if row.pk not in wanted.also or not is_by_hand(row, now):
        return False
    zone = row.group.timezone
    starts = [row.starts_at, row.rhythm_starts_at or row.starts_at]
    return any(start.astimezone(find_zone(zone)).date() >= wanted.first for start in starts)


# -- dropping --------------------------------------------------------------------------------------


def _in_range(
    wanted: Break, rows: list[Meeting], rhythm: Rhythm, now: datetime
) -> Iterator[Meeting]:
    places = rhythm.numbered()
    for row in rows:
        if row.is_cancelled or row.starts_at <= now:
            continue
        place = places.get(row.number or 0)
        zone = place.slot.zone if place else row.group.timezone
        if is_by_hand(row, now):
            starts = {row.starts_at, row.rhythm_starts_at or row.starts_at}
            is_affected = row.pk in wanted.also and any(wanted.holds(s, zone) for s in starts)
        else:
            is_affected = wanted.holds(row.starts_at, zone)
        if is_affected:
            yield row
