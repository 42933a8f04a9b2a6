"""Attendance figures: how many members come to a meeting, and how many came. Excludes guests."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from cohorts.models import Membership
from cohorts.words import count
from meetings.attendance.elsewhere import find_elsewhere
from meetings.models import PRESENCE, Attendance, Meeting

Rsvp = Attendance.Rsvp
Presence = Attendance.Presence
ELSEWHERE = "elsewhere"  # in addition to the values of Presence: attended with another group


@dataclass(frozen=True, slots=True)
class AttendanceStats:
    """The figures of one meeting, without guests.

    `members` counts the group's current members, and the RSVPs are theirs; members without one are
    pending. `present`, `elsewhere` (attended with another group that week) and `absent` also count
    people who have left the group since; for the rest it is unknown.
    """

    members: int
    attending: int
    not_attending: int
    tentative: int
    present: int
    absent: int
    elsewhere: int = 0

    @property
    def pending(self) -> int:
        """Return how many members have not answered."""
        return self.members - self.attending - self.not_attending - self.tentative


def read_attendance_stats(meeting_ids: Collection[int]) -> dict[int, AttendanceStats]:
    """Return the figures by meeting id. Five queries for any number of meetings."""
    meetings = list(Meeting.objects.filter(pk__in=meeting_ids))
    groups = {meeting.pk: meeting.group_id for meeting in meetings}
    members = _count_members(set(groups.values()))
    answers = count_answers(meeting_ids)
    found = _count_presence(meetings)
    return {
        meeting_id: AttendanceStats(
            members=members[group_id],
            attending=answers[meeting_id, Rsvp.ATTENDING],
            not_attending=answers[meeting_id, Rsvp.NOT_ATTENDING],
            tentative=answers[meeting_id, Rsvp.TENTATIVE],
            present=found[meeting_id, Presence.PRESENT],
            absent=found[meeting_id, Presence.ABSENT],
            elsewhere=found[meeting_id, ELSEWHERE],
        )
        for meeting_id, group_id in groups.items()
    }


def count_guests(meeting_ids: Collection[int]) -> Counter[int]:
    """Count the guests who have not declined, by meeting id. One query."""
    guests = Attendance.objects.filter(meeting__in=meeting_ids, is_guest=True)
    coming = guests.exclude(rsvp=Rsvp.NOT_ATTENDING)
    return Counter(coming.values_list("meeting", flat=True))


def describe(stats: AttendanceStats, guests: int) -> str:
    """Summarize: "3 attending, 1 tentative, 2 not attending, 1 no answer; 1 guest"."""
    words = (
        f"{stats.attending} attending, {stats.tentative} tentative, "
        f"{stats.not_attending} not attending, {stats.pending} no answer"
    )
    return f"{words}; {count(guests, 'guest')}" if guests else words


def _count_members(group_ids: Collection[int]) -> Counter[int]:
    active = Membership.objects.filter(group__in=group_ids, status=Membership.Status.ACTIVE)
    return Counter(dict(active.order_by("group").values_list("group").annotate(Count("pk"))))


def count_answers(meeting_ids: Collection[int]) -> Counter[tuple[int, str]]:
    """Count the current members' answers, by meeting id and RSVP. One query."""
    is_member = Membership.objects.filter(
        user=OuterRef("user"), group=OuterRef("meeting__group"), status=Membership.Status.ACTIVE
    )
    rows = Attendance.objects.filter(Exists(is_member), meeting__in=meeting_ids, is_guest=False)
    counted = rows.order_by("meeting").values_list("meeting", "rsvp").annotate(Count("pk"))
    return Counter({(meeting_id, rsvp): number for meeting_id, rsvp, number in counted})


def _count_presence(meetings: Collection[Meeting]) -> Counter[tuple[int, str]]:
    rows = Attendance.objects.filter(meeting__in=meetings, is_guest=False)
    elsewhere = find_elsewhere(meetings)
    return Counter(
        (pk, ELSEWHERE if (pk, user) in elsewhere and was != Presence.PRESENT else was)
        for pk, user, was in rows.values_list("meeting", "user", PRESENCE)
    )
