"""The attendance ledger: what each meeting of a person counts as. Pure.

The first matching row decides the mark of one person at one meeting that has begun:

    the meeting or the person                                              mark
    ---------------------------------------------------------------------  -------------
    someone answered that the meeting was not held                         none
    was there                                                              attended
    was at another group's meeting of the same number, as a guest          elsewhere
    fewer than two people were seen, and no one answered "Was this held?"  unknown
    a visit in that week is still ahead, or its outcome is not known       unknown
    said "can't" before the start, or was excused by hand                  excused
    presence is not known, or the bot did not see them at a meeting that   unknown
      was held somewhere else than in the voice channel
    the meeting was moved after it should have begun: they may have come   unknown
      to the first date
    was not there                                                          missed

Cancelled meetings, meetings after the end of group or cohort, and meetings that were moved and have
not begun have no mark. Corrections and answers that are older than the meeting's start are about
another date, and the reader of the facts leaves them out.

Of someone who came from another group of the cohort, each week counts once:

    the week                                  what counts
    ----------------------------------------  ------------------------------------------------------
    both groups held it                       attended, if either meeting was attended; otherwise
                                              the mark in the person's group then, but not a miss if
                                              the mark in the earlier group is unknown
    only one of them held it, or the other    attended counts; otherwise it was not expected of the
    group's meeting was before they joined    person
    an extra session of the earlier group     attended counts; otherwise it was not expected

A mark is final 24 hours after the meeting's end, or when the visit of that week is over, if that is
later; at the latest at the cohort's end.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from meetings.models import Attendance, Meeting
from meetings.plain_meetings import PlainMeeting

FINAL_AFTER = timedelta(hours=24)
Presence = Attendance.Presence
Held = Meeting.Held


class LedgerMark(StrEnum):
    ATTENDED = "attended"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    EXCUSED = "excused"
    MISSED = "missed"


TOOK_PART = frozenset({LedgerMark.ATTENDED, LedgerMark.ELSEWHERE})
ABSENT = frozenset({LedgerMark.MISSED, LedgerMark.EXCUSED})


@dataclass(frozen=True, slots=True)
class PersonAtMeeting:
    """What is known of a person at a meeting. `is_noted`: a person said so, not the bot."""

    presence: str = Presence.UNKNOWN
    is_noted: bool = False
    is_excused: bool = False
    has_declined: bool = False

    @property
    def was_there(self) -> bool:
        return self.presence == Presence.PRESENT


NOTHING_KNOWN = PersonAtMeeting()


@dataclass(frozen=True, slots=True)
class LedgerVisit:
    """A visit to another group's meeting, which may be ahead."""

    meeting: PlainMeeting
    guest: PersonAtMeeting

    @property
    def took_place(self) -> bool:
        return self.guest.was_there

    @property
    def is_unclear(self) -> bool:
        """Return whether the guest may have been there, or may still come."""
        if self.took_place or self.guest.has_declined or self.meeting.held == Held.NO:
            return False
        return self.meeting.is_in_question or not _was_absent(self.meeting, self.guest)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One meeting in a person's record."""

    meeting: PlainMeeting
    mark: LedgerMark
    is_final: bool = False


# -- one meeting -------------------------------------------------------------------------------


def decide_entry(
    meeting: PlainMeeting,
    person: PersonAtMeeting,
    visits: Collection[LedgerVisit],
    *,
    now: datetime,
    cohort_ended_at: datetime | None = None,
) -> LedgerEntry | None:
    """Return the person's entry by the table above; None without a mark."""
    if meeting.held == Held.NO:
        return None
    is_final = now >= _final_at(meeting, visits, cohort_ended_at)
    return LedgerEntry(meeting, _decide_mark(meeting, person, visits), is_final)


def _decide_mark(
    meeting: PlainMeeting, person: PersonAtMeeting, visits: Collection[LedgerVisit]
) -> LedgerMark:
    if person.was_there:
        return LedgerMark.ATTENDED
    if any(visit.took_place for visit in visits):
        return LedgerMark.ELSEWHERE
    if meeting.is_in_question or any(visit.is_unclear for visit in visits):
        return LedgerMark.UNKNOWN
    if person.is_excused:
        return LedgerMark.EXCUSED
    is_missed = _was_absent(meeting, person) and not meeting.was_moved_late
    return LedgerMark.MISSED if is_missed else LedgerMark.UNKNOWN


def _was_absent(meeting: PlainMeeting, person: PersonAtMeeting) -> bool:
    """Return whether the person was not there. The bot sees only the group's voice channel."""
    can_tell = person.is_noted or meeting.held != Held.ELSEWHERE
    return can_tell and person.presence == Presence.ABSENT


def _final_at(
    meeting: PlainMeeting, visits: Iterable[LedgerVisit], cohort_ended_at: datetime | None
) -> datetime:
    over = [visit.meeting.ends_at for visit in visits if not visit.guest.has_declined]
    final_at = max([meeting.ends_at + FINAL_AFTER, *over])
    return min(final_at, cohort_ended_at) if cohort_ended_at else final_at


# -- all meetings of a person --------------------------------------------------------------------


def list_entries(
    own: Iterable[LedgerEntry], earlier: Iterable[LedgerEntry], joined_at: datetime
) -> list[LedgerEntry]:
    """Return what counts, by start. `own`: of the person's group; `earlier`: of the groups from
    which the person came, while they were there."""
    before: dict[int, LedgerEntry] = {}
    extra = []
    for entry in earlier:
        if entry.meeting.number is None:
            extra.append(entry)
        else:
            before[entry.meeting.number] = _better(entry, before.get(entry.meeting.number))
    found = [
        *_own_weeks(own, before, joined_at),  # takes the weeks that both groups held from `before`
        *(entry for entry in (*before.values(), *extra) if entry.mark in TOOK_PART),
    ]
    return sorted(found, key=lambda entry: (entry.meeting.starts_at, entry.meeting.id))


def _own_weeks(
    own: Iterable[LedgerEntry], before: dict[int, LedgerEntry], joined_at: datetime
) -> Iterator[LedgerEntry]:
    for entry in own:
        then = before.pop(entry.meeting.number or 0, None)
        if entry.meeting.starts_at >= joined_at:
            yield _without_false_miss(_better(entry, then), then)
        elif then is not None:
            yield _better(then, entry)
        elif entry.mark in TOOK_PART:
            yield entry


def _better(first: LedgerEntry, second: LedgerEntry | None) -> LedgerEntry:
    """Return the entry that was attended; otherwise the first."""
    both = [first] if second is None else [first, second]
    order = (LedgerMark.ATTENDED, LedgerMark.ELSEWHERE)
    taken = (entry for mark in order for entry in both if entry.mark == mark)
    return next(taken, first)


def _without_false_miss(entry: LedgerEntry, then: LedgerEntry | None) -> LedgerEntry:
    if then and then.mark == LedgerMark.UNKNOWN and entry.mark == LedgerMark.MISSED:
        return replace(entry, mark=LedgerMark.UNKNOWN)
    return entry


# -- sums --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttendanceCount:
    """A participant's record in numbers of meetings. `held`: those expected of the person."""

    held: int = 0
    attended: int = 0
    elsewhere: int = 0
    excused: int = 0
    missed: int = 0

    @property
    def unknown(self) -> int:
        return self.held - self.attended - self.elsewhere - self.excused - self.missed

    @property
    def took_part(self) -> int:
        return self.attended + self.elsewhere

    @property
    def absent(self) -> int:
        return self.excused + self.missed


def count_marks(entries: Iterable[LedgerEntry]) -> AttendanceCount:
    marks = Counter(entry.mark for entry in entries)
    return AttendanceCount(
        held=marks.total(),
        attended=marks[LedgerMark.ATTENDED],
        elsewhere=marks[LedgerMark.ELSEWHERE],
        excused=marks[LedgerMark.EXCUSED],
        missed=marks[LedgerMark.MISSED],
    )
