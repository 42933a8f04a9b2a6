"""“Join another group this week”: visits for everyone, where seats and rules allow."""

from dataclasses import dataclass
from datetime import datetime

from cohorts.errors import Refusal
from cohorts.models import Membership
from guestvisits.services.booking import book_visit_for
from meetings.models import Attendance, Meeting


@dataclass(frozen=True, slots=True)
class JoinResult:
    """The names of the people whose visit was booked, and of the others with the reason."""

    booked: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def hosts_for(home: Meeting, now: datetime) -> list[Meeting]:
    """Return the meetings of the same week that the group could join, earliest first."""
    if home.number is None:
        return []
    meetings = Meeting.objects.filter(
        group__cohort=home.group.cohort_id,
        number=home.number,
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=now,
    ).exclude(pk=home.pk)
    return list(meetings.select_related("group__cohort").order_by("starts_at", "group"))


def join_another_group(home: Meeting, host_id: int, *, by: int, now: datetime) -> JoinResult:
    """Book a visit for each participant who has not declined. Each booking is its own transaction,
    so that one refusal keeps no one else from going; repeating it books only what is missing."""
    declined = Attendance.objects.filter(meeting=home, rsvp=Attendance.Rsvp.NOT_ATTENDING)
    members = Membership.objects.filter(
        group=home.group_id,
        role=Membership.Role.PARTICIPANT,
        status=Membership.Status.ACTIVE,
        user__is_active=True,
    ).exclude(user__in=declined.values("user"))
    booked, refused = [], []
    for member in members.select_related("user").order_by("user__name", "user"):
        try:
            book_visit_for(
                member.user_id, home_meeting_id=home.pk, host_meeting_id=host_id, by=by, now=now
            )
        except Refusal as refusal:
            refused.append((member.user.display_name, refusal.sentence))
        else:
            booked.append(member.user.display_name)
    return JoinResult(tuple(booked), tuple(refused))
