"""How a group's meetings are derived from its rhythm. Pure: rows in, changed rows out.

What happens to the row with some number, depending on that number's place in the rhythm (`places`):

    row                                  place in the rhythm          none (beyond the number)
    -----------------------------------  ---------------------------  -----------------------------
    none                                 created                      -
    in the rhythm, free to follow        updated                      set aside; deleted in preview
    set aside, free to follow            back in the rhythm           unchanged
    moved or cancelled by a person       only its place is updated    set aside, unless cancelled
    over, or its new place is over       unchanged                    unchanged
    outside the rhythm (extra, or last)  unchanged                    unchanged

If a meeting placed by a person (an extra session, or one that was put last) overlaps one that would
be written, that week is skipped first (`make_room`), so that both are held, a week apart. The same
holds for a week in which a meeting would be written into a break of the cohort (`skip_breaks`); if
the break drops meetings, it is written as cancelled instead.

"Free to follow": in preview always; later only while both the row's start and its new place are in
the future. Nothing follows a place whose time zone does not exist, and no meeting is created there.
"Set aside": cancelled, without a place in the rhythm and without `touched_at`, which distinguishes
it from a meeting that a person cancelled. Numbers never change. A group that lost its slot after
preview, or has ended, keeps its meetings.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from cohorts.models import Group
from meetings.meeting_times import MeetingTime, span_of
from meetings.models import Meeting
from meetings.rhythm import Place, Rhythm

DERIVED_FIELDS = ["starts_at", "duration_minutes", "status", "rhythm_starts_at", "touched_at"]


@dataclass
class MeetingDiff:
    """The changes needed to bring one group's meetings up to date."""

    create: list[Meeting] = field(default_factory=list)
    update: list[Meeting] = field(default_factory=list)
    delete: list[Meeting] = field(default_factory=list)  # set aside if referred to
    skip: frozenset[date] = frozenset()  # weeks to skip, in addition to those already skipped

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)


def diff_meetings(
    group: Group, rhythm: Rhythm, rows: Collection[Meeting], now: datetime
) -> MeetingDiff:
    """Return the changes that a group's rows (all of them) need. Changes rows in place."""
    diff = MeetingDiff()
    in_preview = group.set_up_at is None
    if not group.has_slot and not in_preview:
        return diff
    places = rhythm.numbered()
    for row in rows:
        place = places.pop(row.number or 0, None)
        if not _may_update(row, place, in_preview, now):
            continue
        if place is not None:
            if _apply_place(row, place, rhythm, now):
                diff.update.append(row)
        elif not row.is_cancelled and row.rhythm_starts_at:
            (diff.delete if in_preview else diff.update).append(_set_aside(row))
    known = {number: place for number, place in places.items() if place.is_known}
    diff.create = [_new(group, number, place) for number, place in known.items()]
    for row in diff.create:
        if rhythm.drops(known[row.number or 0]):
            cancel(row, now)
    return diff


def _may_update(row: Meeting, place: Place | None, in_preview: bool, now: datetime) -> bool:
    if place is not None and not place.is_known:
        return False
    return in_preview or (row.starts_at > now and (place is None or place.starts_at > now))


def make_room(group: Group, rhythm: Rhythm, rows: Collection[Meeting], now: datetime) -> Rhythm:
    """Skip each week in which a meeting placed by a person overlaps one that would be written, and
    those of breaks."""
    placed = [span for row in rows if (span := span_of(row)) and not follows_rhythm(row)]

    def is_taken(place: Place) -> bool:
        span = MeetingTime(place.starts_at, place.minutes)
        return rhythm.skips(place) or any(span.overlaps(other) for other in placed)

    return _skip_weeks(group, rhythm, rows, is_taken, now)


def skip_breaks(group: Group, rhythm: Rhythm, rows: Collection[Meeting], now: datetime) -> Rhythm:
    """Skip each week in which a meeting would be written into a break that skips weeks."""
    return _skip_weeks(group, rhythm, rows, rhythm.skips, now)


def _skip_weeks(
    group: Group,
    rhythm: Rhythm,
    rows: Collection[Meeting],
    is_taken: Callable[[Place], bool],
    now: datetime,
) -> Rhythm:
    while (week := _find_taken(group, rhythm, rows, is_taken, now)) is not None:
        rhythm = replace(rhythm, skipped=rhythm.skipped | {week})
    return rhythm


def _find_taken(
    group: Group,
    rhythm: Rhythm,
    rows: Collection[Meeting],
    is_taken: Callable[[Place], bool],
    now: datetime,
) -> date | None:
    """Return the first week whose place is taken, of those at which a meeting would be written."""
    known = {row.number: row for row in rows}
    in_preview = group.set_up_at is None
    for number, place in rhythm.numbered().items():
        span, row = MeetingTime(place.starts_at, place.minutes), known.get(number)
        if row is None:
            is_written = place.is_known and (in_preview or place.starts_at > now)
        else:
            comes = is_set_aside(row) or (follows_rhythm(row) and span_of(row) != span)
            is_written = comes and _may_update(row, place, in_preview, now)
        if is_written and is_taken(place):
            return place.week
    return None


def _new(group: Group, number: int, place: Place) -> Meeting:
    return Meeting(
        group=group,
        number=number,
        starts_at=place.starts_at,
        rhythm_starts_at=place.starts_at,
        duration_minutes=place.minutes,
    )


def cancel(row: Meeting, now: datetime) -> None:
    """Cancel a row as a person does, or a break that drops meetings."""
    row.status, row.touched_at = Meeting.Status.CANCELLED, now


def _apply_place(row: Meeting, place: Place, rhythm: Rhythm, now: datetime) -> bool:
    """Update a row from its place, as far as it may follow. Return whether it changed."""
    before = values_of(row)
    if is_set_aside(row) or follows_rhythm(row):
        is_written = is_set_aside(row) or row.starts_at != place.starts_at
        row.starts_at = row.rhythm_starts_at = place.starts_at
        row.duration_minutes = place.minutes
        row.status, row.touched_at = Meeting.Status.SCHEDULED, None
        if is_written and rhythm.drops(place):
            cancel(row, now)
    elif row.rhythm_starts_at:
        row.rhythm_starts_at = place.starts_at
    return values_of(row) != before


def _set_aside(row: Meeting) -> Meeting:
    row.status, row.rhythm_starts_at, row.touched_at = Meeting.Status.CANCELLED, None, None
    return row


def values_of(row: Meeting) -> list[Any]:
    """Return the values of DERIVED_FIELDS."""
    return [getattr(row, name) for name in DERIVED_FIELDS]


def follows_rhythm(meeting: Meeting) -> bool:
    """Return whether the meeting is where the rhythm puts it, not moved or cancelled by a person.

    A start that differs from the rhythm's counts as moved even without `touched_at`, which plain
    SQL, for example, does not set.
    """
    return (
        meeting.touched_at is None
        and not meeting.is_cancelled
        and meeting.starts_at == meeting.rhythm_starts_at
    )


def is_set_aside(meeting: Meeting) -> bool:
    """Return whether it was cancelled because it is beyond the cohort's number of meetings."""
    return meeting.is_cancelled and meeting.rhythm_starts_at is None and meeting.touched_at is None
