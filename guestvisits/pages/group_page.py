"""Data for the facilitators' pages: a group, and each meeting with its people."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cohorts.models import Group, Membership, User
from cohorts.selectors import last_members_of
from guestvisits.models import Substitution
from guestvisits.pages.expected_people import RosterEntry, read_rosters
from guestvisits.substitutes.selectors import open_substitutions, substitute_of
from meetings.attendance.corrections import needs_reason
from meetings.attendance.ledger import AttendanceRecord, Records, read_records
from meetings.models import Attendance, Meeting
from meetings.moving.rules import is_not_held
from meetings.plain_meetings import LEAST_SEEN
from meetings.registries import Venue, find_venues

Presence = Attendance.Presence
Rsvp = Attendance.Rsvp


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """One meeting with its people. Once it `has_begun`, attendance is shown instead of RSVPs."""

    meeting: Meeting
    people: tuple[RosterEntry, ...]
    has_begun: bool
    is_over: bool
    is_not_held: bool = False  # it has begun but no one was there, so it can still be moved
    needs_reason: bool = False  # its attendance is final, so a correction needs a reason
    substitution: Substitution | None = None  # an open one
    substitute: User | None = None

    @property
    def is_held(self) -> bool:
        return self.has_begun and not self.meeting.is_cancelled

    @property
    def seen(self) -> int:
        """Count everyone who was there: members, guests and people who have left since."""
        return sum(line.was_there for line in self.people)

    @property
    def is_in_question(self) -> bool:
        """Return whether someone has to say whether it was held."""
        is_past = self.is_over and not self.meeting.is_cancelled
        return is_past and self.seen < LEAST_SEEN and not self.meeting.held_answer

    @property
    def presences(self) -> Counter[str]:
        """Count the members by presence, without those who attended with another group."""
        here = (line for line in self.members if not line.was_elsewhere)
        return Counter(line.presence for line in here)

    @property
    def answers(self) -> Counter[str]:
        """Count the members by RSVP."""
        return Counter(line.rsvp for line in self.members)

    @property
    def members(self) -> list[RosterEntry]:
        return [line for line in self.people if not line.is_guest]

    @property
    def elsewhere(self) -> int:
        """Count the members who attended this week with another group."""
        return sum(line.was_elsewhere for line in self.members)

    @property
    def guests_present(self) -> int:
        return sum(line.is_guest and line.was_there for line in self.people)

    @property
    def guests_declined(self) -> int:
        return sum(line.is_guest and not line.is_expected for line in self.people)

    @property
    def expected(self) -> int:
        """Count the members who have neither declined nor are visiting another group."""
        return sum(line.is_expected for line in self.members)

    @property
    def away(self) -> int:
        return sum(not line.is_expected for line in self.members)

    @property
    def guests(self) -> int:
        return sum(line.is_guest for line in self.people)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member. `record` is None for facilitators, whose attendance is not counted."""

    membership: Membership
    record: AttendanceRecord | None


@dataclass(frozen=True, slots=True)
class GroupPage:
    group: Group
    members: tuple[MemberRow, ...]
    upcoming: tuple[MeetingRow, ...]
    past: tuple[MeetingRow, ...]
    venue: Venue | None

    @property
    def memberships(self) -> list[Membership]:
        return [row.membership for row in self.members]

    @property
    def has_people_at_risk(self) -> bool:
        return any(row.record and row.record.open_risk for row in self.members)

    def is_led_by(self, user_id: int) -> bool:
        """Return whether this person may act as the group's facilitator: it must not have ended."""
        led = (one for one in self.memberships if one.role == Membership.Role.FACILITATOR)
        active = (one for one in led if one.status == Membership.Status.ACTIVE)
        return not self.group.has_ended and any(one.user_id == user_id for one in active)

    @property
    def participants(self) -> int:
        """Count the members whose attendance is counted; facilitators take no place."""
        return sum(row.record is not None for row in self.members)


def read_group_page(group: Group, now: datetime) -> GroupPage:
    """Return a group's page with all its meetings, up to its end if it has ended.

    Takes a constant number of queries.
    """
    ended_at = min(filter(None, [group.ended_at, group.cohort.ended_at]), default=None)
    meetings = [row for row in meetings_of([group]) if not ended_at or row.starts_at < ended_at]
    records = read_records([group.pk], now)
    rows = _add_marks(read_rows(meetings, now), records)
    return GroupPage(
        group=group,
        members=tuple(
            MemberRow(member, records.get((group.pk, member.user_id)))
            for member in last_members_of([group.pk])
        ),
        upcoming=tuple(row for row in rows if row.meeting.ends_at > now),
        past=tuple(row for row in reversed(rows) if row.meeting.ends_at <= now),
        venue=None if group.has_ended else find_venues([group.pk]).get(group.pk),
    )


def read_meeting_row(meeting: Meeting, now: datetime) -> MeetingRow:
    """Return the row of one meeting, whose group must be loaded."""
    return _add_marks(read_rows([meeting], now), read_records([meeting.group_id], now))[0]


def _add_marks(rows: Iterable[MeetingRow], records: Records) -> list[MeetingRow]:
    """Return the rows with what each meeting counts as for each participant."""
    marks = {
        (entry.meeting.id, user_id): entry
        for (_, user_id), record in records.items()
        for entry in record.entries
    }
    return [
        replace(
            row,
            people=tuple(
                replace(line, mark=marks.get((row.meeting.pk, line.user_id))) for line in row.people
            ),
        )
        for row in rows
    ]


def meetings_of(groups: Iterable[Group]) -> list[Meeting]:
    """Return all meetings of these groups, by start. One query."""
    meetings = Meeting.objects.filter(group__in=list(groups))
    meetings = meetings.select_related("group__cohort", "was_held_by")
    return list(meetings.order_by("starts_at", "number"))


def read_rows(meetings: Sequence[Meeting], now: datetime) -> list[MeetingRow]:
    """Return the rows of these meetings, whose groups must be loaded. Six queries."""
    rosters, searches = read_rosters(meetings), open_substitutions(meetings)
    return [
        _row(meeting, rosters[meeting.pk], searches.get(meeting.pk), now) for meeting in meetings
    ]


def _row(
    meeting: Meeting,
    people: Sequence[RosterEntry],
    substitution: Substitution | None,
    now: datetime,
) -> MeetingRow:
    is_attended = any(line.was_there for line in people)
    return MeetingRow(
        meeting,
        tuple(people),
        has_begun=meeting.starts_at <= now,
        is_over=meeting.ends_at <= now,
        is_not_held=is_not_held(meeting, now, is_attended=is_attended),
        needs_reason=needs_reason(meeting, now),
        substitution=substitution,
        substitute=substitute_of(substitution) if substitution else None,
    )
