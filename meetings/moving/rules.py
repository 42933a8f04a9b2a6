"""What a move does to a group's meetings, or why it is refused. Pure: rows in, changed copies out.

Refusals, for any move unless noted:

    no_meeting          the group has no such meeting
    group_ended         the group has ended
    meeting_begun       it has begun or is over; for rescheduling and putting last: it began more
                        than 7 days ago, or someone was there
    meeting_cancelled   it is cancelled (restore it first)
    start_past          the new time has passed
    too_far             the new time is more than a year ahead
    time_skipped        clocks never show that time (see wall_time.py, also for bad_day)
    bad_length          shorter than 5 minutes or longer than a day
    same_time           nothing would change
    clash               two meetings of the group would overlap
    too_many_meetings   adding: the group has the maximum number of meetings
    no_slot             the group has no weekly slot
    outside_rhythm      postponing: the meeting has no place in the rhythm
    later_has_begun     postponing: a later meeting was held already
    in_preview          changing the slot: the group has not begun, so its slot is simply edited
    bad_slot            the weekday or zone of the new slot, or the group's zone, does not exist
    day_past            changing the slot: that day has passed
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from cohorts.errors import Refusal
from cohorts.models import Group
from cohorts.models.courses import MAX_MEETINGS
from cohorts.validators import check_zone
from cohorts.zones import zone_names
from meetings.derivation import cancel, diff_meetings, follows_rhythm, skip_breaks
from meetings.models import Meeting, MeetingMove
from meetings.moving.concluding import conclude
from meetings.moving.moves import (
    Add,
    Cancel,
    ChangeSlot,
    Move,
    Postpone,
    PutLast,
    Reschedule,
    Restore,
)
from meetings.moving.types import Change, Decision, MoveFacts
from meetings.moving.wall_time import explain_clock
from meetings.rhythm import Place, Rhythm, Slot, SlotUntil, later_by_weeks

MAX_DISTANCE = timedelta(days=366)
MOVABLE_FOR = timedelta(days=7)  # after the start of a meeting that no one attended
SHORTEST, LONGEST = 5, 1440  # minutes

Kind = MeetingMove.Kind


class _Draft:
    """Copies of a group's rows, which may be modified, and the rhythm they follow."""

    def __init__(self, facts: MoveFacts, now: datetime) -> None:
        self.facts, self.now = facts, now
        self.group, self.rhythm = facts.group, facts.rhythm
        self.rows = [copy(row) for row in facts.rows]
        self.notes: list[str] = []

    def find(self, meeting_id: int) -> Meeting:
        for row in self.rows:
            if row.pk == meeting_id:
                return row
        raise no_meeting()

    def find_held(self, meeting_id: int) -> Meeting:
        row = self.find(meeting_id)
        if row.is_cancelled:
            raise Refusal("meeting_cancelled", f"{row} is cancelled. Restore it first.")
        if row.starts_at <= self.now:
            raise Refusal("meeting_begun", f"{row} has begun, so it can no longer be moved.")
        return row

    def find_movable(self, meeting_id: int) -> Meeting:
        """Return a future meeting, or one that was not held (because of illness, for example)."""
        row = self.find(meeting_id)
        if is_not_held(row, self.now, is_attended=row.pk in self.facts.attended):
            return row
        return self.find_held(meeting_id)

    def hold(self, row: Meeting, starts_at: datetime, minutes: int) -> None:
        """Set a row's time, marking it as changed by a person.

        Pages show minutes, and Google stores seconds: of a finer start it would never be in sync.
        """
        starts_at = starts_at.replace(second=0, microsecond=0)
        check_start(starts_at, self.now)
        check_length(minutes)
        row.starts_at, row.duration_minutes = starts_at, minutes
        row.status, row.touched_at = Meeting.Status.SCHEDULED, self.now

    def place_of(self, row: Meeting) -> Place | None:
        """Return the row's place in the rhythm; None beyond its end, and for an extra session."""
        return self.rhythm.numbered().get(row.number or 0)

    def follow(self, rhythm: Rhythm) -> None:
        """Update the rows to follow another rhythm, around the cohort's breaks."""
        self.rhythm = skip_breaks(self.group, rhythm, self.rows, self.now)
        diff_meetings(self.group, self.rhythm, self.rows, self.now)


def is_not_held(row: Meeting, now: datetime, *, is_attended: bool) -> bool:
    """Return whether a meeting that has begun can still be moved, because no one was there."""
    has_begun = row.starts_at <= now < row.starts_at + MOVABLE_FOR
    return has_begun and not (row.is_cancelled or is_attended)


def no_meeting() -> Refusal:
    return Refusal("no_meeting", "There is no such meeting.")


def decide(move: Move, facts: MoveFacts, now: datetime) -> Decision:
    """Return what the move does. Raises Refusal, with the codes listed above."""
    if facts.group.has_ended:
        raise Refusal("group_ended", f"{facts.group} has ended, so its meetings cannot be changed.")
    draft = _Draft(facts, now)
    match move:
        case Reschedule():
            kind = _reschedule(draft, move)
        case Cancel():
            kind = _cancel(draft, move)
        case Restore():
            kind = _restore(draft, move)
        case Postpone():
            kind = _postpone(draft, move)
        case PutLast():
            kind = _put_last(draft, move)
        case Add():
            kind = _add(draft, move)
        case ChangeSlot():
            kind = _change_slot(draft, move)
    return _conclude(draft, kind)


# -- each move -----------------------------------------------------------------------------------


def _reschedule(draft: _Draft, move: Reschedule) -> str:
    row = draft.find_movable(move.meeting_id)
    draft.hold(row, move.starts_at, move.minutes or row.duration_minutes)
    draft.notes += _explain_order(row, draft.rows)
    return Kind.RESCHEDULE


def _cancel(draft: _Draft, move: Cancel) -> str:
    cancel(draft.find_held(move.meeting_id), draft.now)
    return Kind.CANCEL


def _restore(draft: _Draft, move: Restore) -> str:
    """Restore the row to its place in the rhythm, or to its own start if it has no place."""
    row = draft.find(move.meeting_id)
    if not row.is_cancelled:
        draft.find_held(move.meeting_id)
    starts_at = row.rhythm_starts_at or row.starts_at
    if starts_at <= draft.now:
        raise Refusal(
            "start_past", f"The usual time of {row} has passed. Move it to another time instead."
        )
    place = draft.place_of(row)
    in_rhythm = place is not None and place.starts_at == row.rhythm_starts_at
    draft.hold(row, starts_at, place.minutes if place and in_rhythm else row.duration_minutes)
    row.touched_at = None if in_rhythm else draft.now
    return Kind.RESTORE


def _postpone(draft: _Draft, move: Postpone) -> str:
    row = draft.find_held(move.meeting_id)
    _check_slot(draft.group)
    place = draft.place_of(row)
    _check_zones(draft.group, place)
    begins = row.rhythm_starts_at
    if place is None or begins is None:
        raise Refusal(
            "outside_rhythm",
            f"{row} is not part of the weekly schedule, so no later meetings move with it. "
            "Move only this meeting.",
        )
    later = [r for r in draft.rows if r.rhythm_starts_at and r.rhythm_starts_at >= begins]
    for other in later:
        if not other.is_cancelled and other.starts_at <= draft.now:
            raise Refusal(
                "later_has_begun",
                f"{other} has already been held, so not all later meetings can move. "
                "Move only this meeting.",
            )
        if not follows_rhythm(other):
            other.starts_at = later_by_weeks(other.starts_at, 1, draft.group.timezone)
    skipped = draft.rhythm.skipped | {place.week}
    draft.follow(replace(draft.rhythm.skipping_all(), skipped=skipped))
    return Kind.POSTPONE


def _put_last(draft: _Draft, move: PutLast) -> str:
    row = draft.find_movable(move.meeting_id)
    _check_slot(draft.group)
    _check_zones(draft.group)
    others = [other for other in draft.rows if other is not row and not other.is_cancelled]
    over = max([draft.now, *(other.ends_at for other in others)])
    free = islice(draft.rhythm.places(), draft.rhythm.count, None)
    place = next(place for place in free if place.starts_at >= over)
    draft.hold(row, place.starts_at, row.duration_minutes)
    row.rhythm_starts_at = None
    return Kind.PUT_LAST


def _add(draft: _Draft, move: Add) -> str:
    _check_room(draft)
    row = Meeting(group=draft.group, number=None)
    draft.hold(row, move.starts_at, move.minutes or draft.group.duration_minutes)
    draft.rows.append(row)
    return Kind.ADD


def _change_slot(draft: _Draft, move: ChangeSlot) -> str:
    _check_new_slot(draft, move)
    by_hand = {row.pk for row in draft.rows if not follows_rhythm(row)}
    start_time = move.slot.start_time.replace(second=0, microsecond=0)
    slot = replace(move.slot, start_time=start_time)
    draft.follow(_with_slot(draft.rhythm, slot, move.from_day))
    draft.notes += [
        f"{row.title} was moved individually, so it keeps its time."
        for row in draft.rows
        if row.pk in by_hand and not row.is_cancelled and _is_from(row, move, draft.now)
    ]
    return Kind.SLOT


def _with_slot(rhythm: Rhythm, slot: Slot, from_day: date) -> Rhythm:
    """Return the rhythm with another slot from a day on. Later slot changes are dropped."""
    kept = tuple(each for each in rhythm.earlier if each.until < from_day)
    void = [each.slot for each in rhythm.earlier if each.until >= from_day]
    before = void[0] if void else rhythm.slot
    earlier = kept if before is None or before == slot else (*kept, SlotUntil(from_day, before))
    return replace(rhythm, slot=slot, earlier=earlier)


def _is_from(row: Meeting, move: ChangeSlot, now: datetime) -> bool:
    day = row.starts_at.astimezone(ZoneInfo(move.slot.zone)).date()
    return row.starts_at > now and day >= move.from_day


# -- checks and results for all moves ------------------------------------------------------------


def check_start(starts_at: datetime, now: datetime) -> None:
    if starts_at <= now:
        raise Refusal("start_past", "That time has passed. Choose a later time.")
    if starts_at > now + MAX_DISTANCE:
        raise Refusal("too_far", "That is more than a year ahead. Check the date.")


def check_length(minutes: int) -> None:
    if not SHORTEST <= minutes <= LONGEST:
        raise Refusal(
            "bad_length", "A meeting must last between 5 minutes and 1 day (1440 minutes)."
        )


def _check_room(draft: _Draft) -> None:
    most = draft.group.cohort.meetings_per_group or MAX_MEETINGS
    if len(draft.rows) >= most:
        raise Refusal(
            "too_many_meetings",
            f"{draft.group} has {len(draft.rows)} meetings, including cancelled ones, and the "
            f"maximum is {most}. Restore or move one of them instead.",
        )


def _check_slot(group: Group) -> None:
    if not group.has_slot:
        raise Refusal("no_slot", f"{group} has no weekly time, so this is not possible.")


def _check_zones(group: Group, place: Place | None = None) -> None:
    """Raise Refusal if the zone of the group's slot, or of the earlier slot that holds at a place,
    does not exist, which only plain SQL can cause."""
    for zone in (group.timezone, place.slot.zone if place else group.timezone):
        if zone not in zone_names():
            raise Refusal(
                "bad_slot",
                f"{group} has the time zone {zone}, which does not exist. Change its weekly time "
                "from today on first.",
            )


def _check_new_slot(draft: _Draft, move: ChangeSlot) -> None:
    group, slot = draft.group, move.slot
    if group.set_up_at is None:
        raise Refusal(
            "in_preview",
            f"{group} is still being set up. Edit its weekly time, and all its "
            "meetings are updated.",
        )
    _check_slot(group)
    check_length(slot.minutes)
    try:
        check_zone(slot.zone)
    except ValidationError as error:
        raise Refusal("bad_slot", " ".join(error.messages)) from error
    if slot.weekday not in range(7):
        raise Refusal("bad_slot", "The weekday must be a number from 0 (Monday) to 6 (Sunday).")
    today = draft.now.astimezone(ZoneInfo(slot.zone)).date()
    if move.from_day < today:
        raise Refusal("day_past", "That day has passed. Choose a later day.")
    if move.from_day > today + MAX_DISTANCE:
        raise Refusal("too_far", "That is more than a year ahead. Check the date.")


def _conclude(draft: _Draft, kind: str) -> Decision:
    decision = conclude(draft.facts, draft.rows, draft.rhythm, kind)
    if decision is None:
        raise Refusal("same_time", "Nothing would change: no meeting would move.")
    notes = (*draft.notes, *_explain_clocks(draft, decision.changes))
    return replace(decision, notes=notes)


def _explain_order(moved: Meeting, rows: Iterable[Meeting]) -> list[str]:
    """Return a note if the new time changes the order of weeks, which is usually a mistake."""
    week = moved.number if moved.rhythm_starts_at else None
    if week is None:
        return []
    behind = [
        row.number
        for row in rows
        if row.number
        and row.rhythm_starts_at
        and not row.is_cancelled
        and (row.number - week) * (row.starts_at - moved.starts_at) < timedelta(0)
    ]
    if not behind:
        return []
    sooner = week > min(behind)
    place, other = ("before", min(behind)) if sooner else ("after", max(behind))
    return [f"Week {week} would then take place {place} week {other}."]


def _explain_clocks(draft: _Draft, changes: Iterable[Change]) -> list[str]:
    places = draft.rhythm.numbered()
    sentences = []
    for change in changes:
        if change.after:
            start, place = change.after.starts_at, places.get(change.number or 0)
            if place and place.starts_at == start:
                said = explain_clock(start, place.slot.start_time, place.slot.zone)
            else:
                said = explain_clock(start, None, draft.group.timezone)
            sentences.append(said)
    return [sentence for sentence in sentences if sentence]
