"""Rosters of meetings: who comes, who is away and where, who visits, who was there.

Members and guests are listed together, and guests are labelled. To count members or attendance, use
`cohorts.selectors`, `meetings.selectors` or `meetings.attendance.statistics`, which never count
guests.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from cohorts.models import Membership, User
from cohorts.selectors import group_by, last_members_of
from guestvisits.models import GuestVisit
from guestvisits.selectors import IS_MISSED
from meetings.attendance.elsewhere import find_elsewhere
from meetings.attendance.marks import LedgerEntry, LedgerMark
from meetings.models import Attendance, Meeting

GUEST = "guest"
FORMER = "former member"
Rsvp = Attendance.Rsvp
Presence = Attendance.Presence


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One person at one meeting.

    `role`: participant, facilitator, guest or former member. `away_at` is the other group's meeting
    (its group loaded) that a member visits instead; `was_elsewhere`: the member attended that week
    with another group; `home` is a guest's own group. `presence` is a value of
    `Attendance.Presence`, `seen_at` when the person was first seen there; `noted_by` names the
    person who corrected it, if any, and `reason` says why. `mark`: what the meeting counts as for a
    participant, where the page shows it.
    """

    user_id: int
    name: str
    role: str
    rsvp: str
    presence: str = Presence.UNKNOWN
    seen_at: datetime | None = None
    noted_by: str = ""
    away_at: Meeting | None = None
    was_elsewhere: bool = False
    home: str = ""
    correction: str = ""
    reason: str = ""
    mark: LedgerEntry | None = None

    @property
    def is_guest(self) -> bool:
        return self.role == GUEST

    @property
    def was_there(self) -> bool:
        return self.presence == Presence.PRESENT

    @property
    def shows_mark(self) -> bool:
        """Return whether the mark says more than the presence does."""
        if self.mark is None or self.mark.mark == LedgerMark.ATTENDED:
            return False
        return self.mark.mark != LedgerMark.UNKNOWN or self.presence != Presence.UNKNOWN

    @property
    def is_expected(self) -> bool:
        """Return whether the person is expected: neither away on a visit nor declined."""
        return self.away_at is None and self.rsvp != Rsvp.NOT_ATTENDING


def read_rosters(meetings: Collection[Meeting]) -> dict[int, list[RosterEntry]]:
    """Return rosters by meeting id: facilitators, participants, guests. Four queries."""
    members = _members(meetings)
    elsewhere = find_elsewhere(meetings)
    attendances = _attendances(meetings)
    away, here = _visits(meetings)
    rosters: dict[int, list[RosterEntry]] = {}
    for meeting in meetings:
        answers, visits = attendances[meeting.pk], here[meeting.pk].values()
        lines = [
            _member_entry(
                member,
                answers.pop(member.user_id, None),
                away.get(meeting.pk, {}).get(member.user_id),
                was_elsewhere=(meeting.pk, member.user_id) in elsewhere,
            )
            for member in members[meeting.group_id]
        ]
        known = {line.user_id for line in lines}
        lines += [
            _guest_entry(visit, answers.pop(visit.user_id, None))
            for visit in visits
            if visit.user_id not in known
        ]
        rosters[meeting.pk] = lines + _others(answers.values())
    return rosters


def _members(meetings: Iterable[Meeting]) -> dict[int, list[Membership]]:
    members = last_members_of({meeting.group_id for meeting in meetings})
    return group_by(members, lambda member: member.group_id)


def _attendances(meetings: Iterable[Meeting]) -> dict[int, dict[int, Attendance]]:
    found: dict[int, dict[int, Attendance]] = defaultdict(dict)
    loaded = {meeting.pk: meeting for meeting in meetings}
    for row in Attendance.objects.filter(meeting__in=loaded).select_related("user", "corrected_by"):
        row.meeting = loaded[row.meeting_id]
        found[row.meeting_id][row.user_id] = row
    return found


def _visits(
    meetings: Collection[Meeting],
) -> tuple[dict[int, dict[int, Meeting]], dict[int, dict[int, GuestVisit]]]:
    """Return open and past visits: host meetings by home meeting and user, without missed ones;
    visits by host and user. Of two in place of one meeting, or to one, the later replaced the
    earlier."""
    away: dict[int, dict[int, Meeting]] = defaultdict(dict)
    here: dict[int, dict[int, GuestVisit]] = defaultdict(dict)
    visits = GuestVisit.objects.filter(
        Q(ended_at__isnull=True) | Q(end_reason=GuestVisit.End.OVER),
        Q(home_meeting__in=meetings) | Q(host_meeting__in=meetings),
    ).select_related("user", "host_meeting__group", "home_meeting__group")
    visits = visits.annotate(was_missed=IS_MISSED)
    for visit in visits.order_by("user__name", "user", "pk"):
        if not visit.was_missed:
            away[visit.home_meeting_id][visit.user_id] = visit.host_meeting
        here[visit.host_meeting_id][visit.user_id] = visit
    return away, here


def _member_entry(
    member: Membership, answer: Attendance | None, away_at: Meeting | None, *, was_elsewhere: bool
) -> RosterEntry:
    line = _entry(member.user, member.role, answer, away_at=away_at)
    return replace(line, was_elsewhere=was_elsewhere and not line.was_there)


def _guest_entry(visit: GuestVisit, answer: Attendance | None) -> RosterEntry:
    line = _entry(visit.user, GUEST, answer, home=visit.home_meeting.group.name)
    if answer and answer.rsvp_at and answer.rsvp_at >= visit.booked_at:
        return line
    return replace(line, rsvp=Rsvp.ATTENDING)  # the booking is later than the RSVP


def _others(answers: Iterable[Attendance]) -> list[RosterEntry]:
    """Return lines for people with recorded presence who are neither members nor guests now."""
    return [
        _entry(answer.user, GUEST if answer.is_guest else FORMER, answer)
        for answer in answers
        if answer.checked_in_at or answer.is_corrected
    ]


def _entry(
    user: User,
    role: str,
    answer: Attendance | None,
    *,
    away_at: Meeting | None = None,
    home: str = "",
) -> RosterEntry:
    line = RosterEntry(user.pk, user.display_name, role, Rsvp.PENDING, away_at=away_at, home=home)
    if answer is None:
        return line
    return replace(
        line,
        rsvp=answer.rsvp,
        presence=answer.presence,
        seen_at=None if answer.is_corrected else answer.checked_in_at,
        noted_by=_name_corrector(answer),
        correction=answer.correction if answer.is_corrected else "",
        reason=answer.correction_reason if answer.is_corrected else "",
    )


def _name_corrector(answer: Attendance) -> str:
    if not answer.is_corrected:
        return ""
    return answer.corrected_by.display_name if answer.corrected_by else "someone"
