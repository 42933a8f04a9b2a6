"""Read the attendance ledger: the records of participants, decided by `marks` and `outcomes`.

A person may have come from any group of the cohort and have visited any other one, so the facts of
the whole cohort are read, in three queries.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from cohorts.models import Group, Membership
from cohorts.outbox.models import Message
from cohorts.selectors import group_by
from meetings.attendance.marks import (
    NOTHING_KNOWN,
    AttendanceCount,
    LedgerEntry,
    LedgerVisit,
    PersonAtMeeting,
    count_marks,
    decide_entry,
    list_entries,
)
from meetings.attendance.outcomes import Completion, RiskSignal, decide_outcome, find_risk
from meetings.models import (
    Attendance,
    DismissedRisk,
    Meeting,
    presence_of,
)
from meetings.plain_meetings import PlainMeeting, read_plain_meetings
from meetings.selectors import before_the_end
from meetings.writing.staff_letter import CHOSEN_PEOPLE, STAFF_LETTER

Presence = Attendance.Presence
Role = Membership.Role
Status = Membership.Status

# Members of a group, or of an ended one at its end.
LASTING = Q(status=Status.ACTIVE) | Q(left_at=F("group__ended_at"))
MOVED = Q(status=Status.MOVED)


@dataclass(frozen=True)
class AttendanceRecord:
    """A participant's record in a group. The membership has its user, group and cohort loaded.

    `began_late`: after week 1 of the first group. `dismissed_id`: the last absence of the signal
    that staff dismissed last; `written_at`: when staff last wrote to the person by name.
    """

    member: Membership
    entries: Sequence[LedgerEntry]
    began_late: bool
    dismissed_id: int | None = None
    written_at: datetime | None = None

    @property
    def key(self) -> tuple[int, int]:
        return self.member.group_id, self.member.user_id

    @cached_property
    def count(self) -> AttendanceCount:
        return count_marks(self.entries)

    @cached_property
    def outcome(self) -> Completion:
        cohort = self.member.group.cohort
        return decide_outcome(
            self.count,
            cohort.allowed_absences,
            began_late=self.began_late,
            is_over=cohort.has_ended,
        )

    @cached_property
    def risk(self) -> RiskSignal | None:
        return find_risk(self.entries, self.member.group.cohort.allowed_absences)

    @property
    def open_risk(self) -> RiskSignal | None:
        """Return the signal unless staff have dismissed it, or written to the person since."""
        if self.risk is None or self.risk.last_meeting_id == self.dismissed_id:
            return None
        last = self.risk.absences[-1].meeting
        return None if self.written_at and self.written_at >= last.ends_at else self.risk


Records = Mapping[tuple[int, int], AttendanceRecord]  # by (group id, user id)


def read_records(group_ids: Iterable[int], now: datetime) -> Records:
    """Return the record of each participant, sorted by group and name.

    Three queries for any number of groups. For an ended group, those who were participants until
    its end are included.
    """
    ids = set(group_ids)
    cohorts = Group.objects.filter(pk__in=ids).values("cohort")
    records = _read(participants(Q(cohort__in=cohorts)), cohorts, now, ids)
    return {record.key: record for record in records}


def read_cohort_records(cohort_id: int, now: datetime) -> list[AttendanceRecord]:
    """Return the record of each participant of a cohort, once: in the last group."""
    found = _read(participants(Q(cohort=cohort_id)), [cohort_id], now)
    return [record for record in found if record.member.status != Status.MOVED]


def read_person_records(user_id: int, now: datetime) -> list[AttendanceRecord]:
    """Return a person's records, in each cohort the last, latest first."""
    of_person = Membership.objects.filter(user=user_id, role=Role.PARTICIPANT)
    cohorts = of_person.values("cohort")
    members = participants(Q(user=user_id))
    found = _read(members.order_by("-joined_at"), cohorts, now)
    return [record for record in found if record.member.status != Status.MOVED]


def count_attendance(
    group_ids: Iterable[int], now: datetime
) -> dict[tuple[int, int], AttendanceCount]:
    """Return the sums of the records, by (group id, user id). Three queries."""
    return {key: record.count for key, record in read_records(group_ids, now).items()}


def participants(which: Q) -> QuerySet[Membership]:
    """Return memberships of participants that last or lasted until the group's end, and those that
    ended by a move."""
    found = Membership.objects.filter(which, LASTING | MOVED, role=Role.PARTICIPANT)
    found = found.select_related("user", "group__cohort__course").annotate(
        dismissed_id=Subquery(_dismissed().values("meeting")[:1]),
        written_at=Subquery(_letters().values("created_at")[:1]),
    )
    return found.order_by("group__name", "group", "user__name", "user", "joined_at")


def _dismissed() -> QuerySet[DismissedRisk]:
    mine = {"user": OuterRef("user"), "meeting__group__cohort": OuterRef("cohort")}
    return DismissedRisk.objects.filter(**mine).order_by("-dismissed_at", "-pk")


def _letters() -> QuerySet[Message]:
    """Return the letters that staff wrote to a person of the cohort whom they chose by name."""
    mine = {"user": OuterRef("user"), "group__cohort": OuterRef("cohort")}
    letters = Message.objects.filter(kind=STAFF_LETTER, context__audience=CHOSEN_PEOPLE, **mine)
    return letters.order_by("-created_at")


def _read(
    members: QuerySet[Membership],
    cohorts: QuerySet[Any, Any] | Collection[int],
    now: datetime,
    group_ids: Collection[int] | None = None,
) -> list[AttendanceRecord]:
    meetings = _read_meetings(Q(group__cohort__in=cohorts))
    rows = read_rows(Q(meeting__group__cohort__in=cohorts), now)
    return build_records(list(members), meetings, rows, now, group_ids)


# -- the facts -----------------------------------------------------------------------------------


def _read_meetings(which: Q) -> list[PlainMeeting]:
    """Return the meetings, also those ahead, that are not cancelled and begin before the end of
    their group and cohort. `seen` is not counted yet."""
    return read_plain_meetings(which & before_the_end() & Q(status=Meeting.Status.SCHEDULED))


class AttendanceRow(NamedTuple):
    """What is stored about a person at a meeting."""

    meeting_id: int
    user_id: int
    is_guest: bool
    rsvp: str
    rsvp_at: datetime | None
    checked_in_at: datetime | None
    not_seen: bool
    correction: str
    corrected_at: datetime | None

    @property
    def may_be_absence(self) -> bool:
        """Return whether a member's mark can be missed or excused."""
        has_declined = self.rsvp == Attendance.Rsvp.NOT_ATTENDING
        return not self.is_guest and (self.not_seen or has_declined or bool(self.correction))

    def describe(self, starts_at: datetime) -> PersonAtMeeting:
        """Return what is known. A correction before the start was about another date."""
        is_noted = self.corrected_at is not None and self.corrected_at >= starts_at
        has_declined = self.rsvp == Attendance.Rsvp.NOT_ATTENDING
        said_before = self.rsvp_at is None or self.rsvp_at < starts_at
        excused_by_hand = is_noted and self.correction == Attendance.Correction.EXCUSED
        return PersonAtMeeting(
            presence=presence_of(self.correction) if is_noted else self._detected(),
            is_noted=is_noted,
            is_excused=excused_by_hand or (has_declined and said_before),
            has_declined=has_declined,
        )

    def _detected(self) -> str:
        if self.checked_in_at:
            return Presence.PRESENT
        return Presence.ABSENT if self.not_seen else Presence.UNKNOWN


def read_rows(which: Q, now: datetime) -> list[AttendanceRow]:
    """Return the attendances of meetings that have begun, and of guests also those ahead."""
    begun = Q(meeting__starts_at__lte=now) | Q(is_guest=True)
    rows = Attendance.objects.filter(which, begun, meeting__status=Meeting.Status.SCHEDULED)
    columns = ("meeting", "user", *AttendanceRow._fields[2:])
    return [AttendanceRow(*row) for row in rows.order_by().values_list(*columns)]


@dataclass(frozen=True, slots=True)
class _Facts:
    """Meetings that have begun by group; people by (meeting, user); visits by (cohort, number,
    user); memberships that ended by a move by (user, cohort)."""

    now: datetime
    meetings: Mapping[int, Sequence[PlainMeeting]]
    people: Mapping[tuple[int, int], PersonAtMeeting]
    visits: Mapping[tuple[int, int | None, int], Sequence[LedgerVisit]]
    moved: Mapping[tuple[int, int], Sequence[Membership]]


def build_records(
    members: Collection[Membership],
    meetings: Iterable[PlainMeeting],
    rows: Iterable[AttendanceRow],
    now: datetime,
    group_ids: Collection[int] | None = None,
) -> list[AttendanceRecord]:
    """Return the records of `participants`, of all groups or of some, from the facts of their
    whole cohorts. No query."""
    facts = _collect(members, meetings, rows, now)
    return [
        _record(member, facts)
        for member in members
        if _lasts(member) and (group_ids is None or member.group_id in group_ids)
    ]


def _lasts(member: Membership) -> bool:
    is_active = member.status == Status.ACTIVE
    return is_active or member.left_at == member.group.ended_at


def _collect(
    members: Iterable[Membership],
    meetings: Iterable[PlainMeeting],
    rows: Iterable[AttendanceRow],
    now: datetime,
) -> _Facts:
    known = {meeting.id: meeting for meeting in meetings}
    found = [
        (row, row.describe(known[row.meeting_id].starts_at))
        for row in rows
        if row.meeting_id in known
    ]
    seen = Counter(row.meeting_id for row, who in found if who.was_there)
    known |= {pk: known[pk]._replace(seen=number) for pk, number in seen.items()}
    begun = (meeting for meeting in known.values() if meeting.starts_at <= now)
    moved = (member for member in members if member.status == Status.MOVED)
    return _Facts(
        now,
        group_by(begun, lambda meeting: meeting.group_id),
        {(row.meeting_id, row.user_id): who for row, who in found if not row.is_guest},
        _collect_visits(known, found),
        group_by(moved, lambda member: (member.user_id, member.cohort_id)),
    )


def _collect_visits(
    meetings: Mapping[int, PlainMeeting],
    found: Iterable[tuple[AttendanceRow, PersonAtMeeting]],
) -> dict[tuple[int, int | None, int], list[LedgerVisit]]:
    """Return the visits by cohort, week and person; extra sessions belong to no week.

    A visit that ended otherwise than by being over has left no guest's attendance.
    """
    visits: dict[tuple[int, int | None, int], list[LedgerVisit]] = defaultdict(list)
    for row, guest in found:
        host = meetings[row.meeting_id]
        if row.is_guest and host.number is not None:
            visits[host.cohort_id, host.number, row.user_id].append(LedgerVisit(host, guest))
    return visits


# -- one record ----------------------------------------------------------------------------------


def _record(member: Membership, facts: _Facts) -> AttendanceRecord:
    moved = facts.moved.get((member.user_id, member.cohort_id), ())
    earlier = [
        one
        for one in moved
        if one.pk != member.pk and one.left_at and one.left_at <= member.joined_at
    ]
    entries = list_entries(
        _entries(member, facts.meetings.get(member.group_id, ()), facts),
        [entry for one in earlier for entry in _entries(member, _while_there(one, facts), facts)],
        member.joined_at,
    )
    first = min([member, *earlier], key=lambda one: one.joined_at)
    return AttendanceRecord(
        member,
        entries,
        _began_late(first, facts),
        dismissed_id=getattr(member, "dismissed_id", None),
        written_at=getattr(member, "written_at", None),
    )


def _while_there(member: Membership, facts: _Facts) -> list[PlainMeeting]:
    return [
        meeting
        for meeting in facts.meetings.get(member.group_id, ())
        if member.joined_at <= meeting.starts_at
        and member.left_at
        and meeting.starts_at < member.left_at
    ]


def _entries(
    member: Membership, meetings: Iterable[PlainMeeting], facts: _Facts
) -> list[LedgerEntry]:
    found = (
        decide_entry(
            meeting,
            facts.people.get((meeting.id, member.user_id), NOTHING_KNOWN),
            facts.visits.get((member.cohort_id, meeting.number, member.user_id), ()),
            now=facts.now,
            cohort_ended_at=member.group.cohort.ended_at,
        )
        for meeting in meetings
    )
    return [entry for entry in found if entry]


def _began_late(first: Membership, facts: _Facts) -> bool:
    """Return whether the group's first week was over when the person joined it."""
    weeks = [m for m in facts.meetings.get(first.group_id, ()) if m.number]
    if not weeks:
        return False
    return min(weeks, key=lambda one: one.starts_at).ends_at <= first.joined_at
