"""What a break, and undoing it, do to one group's meetings. Pure: rows in, changed copies out."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cohorts.zones import find_zone
from meetings.derivation import (
    DERIVED_FIELDS,
    cancel,
    diff_meetings,
    follows_rhythm,
    make_room,
    values_of,
)
from meetings.models import Meeting, MeetingMove
from meetings.moving.concluding import conclude
from meetings.moving.types import Decision, MoveFacts
from meetings.rhythm import Days, Place, Rhythm, later_by_weeks

Values = list[Any]  # of DERIVED_FIELDS


@dataclass(frozen=True, slots=True)
class Break(Days):
    """The days of a break that staff ask for. `also`: ids of meetings outside the rhythm that are
    to change with the others."""

    also: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class BreakUndo:
    """What a break did to one group: the weeks it skipped, and each row before and after it.

    `days` are those of the break, `since` is when it took effect: meetings that were written later,
    because the group or its slot is new, followed it too. `skipped_later`: weeks skipped since.
    """

    skipped: frozenset[date]
    before: Mapping[int, Values]
    after: Mapping[int, Values]
    days: Days | None = None
    since: datetime | None = None
    skipped_later: frozenset[date] = frozenset()


def decide_break(wanted: Break, facts: MoveFacts, now: datetime) -> Decision | None:
    """Return what the break does; None if no meeting is affected. Raises Refusal("clash")."""
    if facts.group.has_ended:
        return None
    rows = [copy(row) for row in facts.rows]
    rhythm = facts.rhythm
    if wanted.drop:
        for row in _in_range(wanted, rows, rhythm, now):
            cancel(row, now)
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
    wanted = _without_break(done, facts.rhythm)
    for row in rows:
        if row.pk not in done.before and _was_dropped(done, row, wanted, now):
            row.status, row.touched_at = Meeting.Status.SCHEDULED, None
    rhythm = make_room(facts.group, wanted, rows, now)
    diff_meetings(facts.group, rhythm, rows, now)
    return conclude(facts, rows, rhythm, MeetingMove.Kind.UNBREAK)


def _without_break(done: BreakUndo, rhythm: Rhythm) -> Rhythm:
    later = {
        day
        for day in done.skipped_later
        if done.days and (place := rhythm.place_of_week(day)) and place.is_in(done.days)
    }
    return replace(
        rhythm,
        skipped=rhythm.skipped - done.skipped - later,
        breaks=tuple(days for days in rhythm.breaks if days != done.days),
    )


def _was_dropped(done: BreakUndo, row: Meeting, rhythm: Rhythm, now: datetime) -> bool:
    """Return whether the meeting was written since the break, as cancelled by it, and is ahead."""
    place = rhythm.numbered().get(row.number or 0)
    return bool(
        done.days
        and done.days.drop
        and done.since
        and row.is_cancelled
        and row.touched_at
        and row.touched_at >= done.since
        and place
        and row.starts_at == place.starts_at > now
        and place.is_in(done.days)
    )


def is_by_hand(row: Meeting, now: datetime) -> bool:
    """Return whether the meeting is ahead and has a tick of its own in the form."""
    return not (row.is_cancelled or follows_rhythm(row)) and row.starts_at > now


# -- pushing back ----------------------------------------------------------------------------------


def _push_back(wanted: Break, facts: MoveFacts, rows: list[Meeting], now: datetime) -> Rhythm:
    """Update the rows and return the rhythm without the weeks of the break."""
    rhythm, weeks = facts.rhythm.skipping_all(), 0
    while (week := _next_week(wanted, rows, rhythm, now)) is not None:
        rhythm, weeks = replace(rhythm, skipped=rhythm.skipped | {week}), weeks + 1
    if not weeks:
        weeks = int(any(_is_ticked(wanted, row, now) for row in rows))
    for row in rows:
        if _is_ticked(wanted, row, now) and weeks:
            row.starts_at = later_by_weeks(row.starts_at, weeks, facts.group.timezone)
            row.touched_at = now
    if rhythm.skipped != facts.rhythm.skipped:
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
