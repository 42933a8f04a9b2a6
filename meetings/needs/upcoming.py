"""The meetings of the open cohorts, and the answers to those of about a week.  One query each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Q

from cohorts.needs.open_cohorts import DeskMember, OpenCohorts, display_name
from cohorts.selectors import group_by
from meetings.models import Attendance
from meetings.plain_meetings import PlainMeeting, read_plain_meetings

BEFORE, AHEAD = timedelta(days=2), timedelta(days=9)  # a week in any zone
Rsvp = Attendance.Rsvp


class DeskAnswer(NamedTuple):
    """A person's answer to a meeting."""

    meeting_id: int
    user_id: int
    name: str
    rsvp: str
    is_guest: bool

    @property
    def has_declined(self) -> bool:
        return self.rsvp == Rsvp.NOT_ATTENDING


def read_all_meetings(facts: OpenCohorts) -> Sequence[PlainMeeting]:
    """Return all meetings of the open cohorts, also past and cancelled ones and those of groups
    that have ended, by start."""
    return read_plain_meetings(Q(group__cohort__in=facts.cohorts))


def read_meetings(facts: OpenCohorts) -> Sequence[PlainMeeting]:
    """Return all meetings of the live groups, also past and cancelled ones, by start."""
    return [one for one in facts.read(read_all_meetings) if one.group_id in facts.groups]


def meetings_by_group(facts: OpenCohorts) -> Mapping[int, Sequence[PlainMeeting]]:
    """Return the meetings that are held, by group."""
    held = (meeting for meeting in facts.read(read_meetings) if not meeting.is_cancelled)
    return group_by(held, lambda meeting: meeting.group_id)


def read_answers(facts: OpenCohorts) -> Mapping[int, Sequence[DeskAnswer]]:
    """Return the answers and guests of this week's meetings by meeting, by name."""
    near = Q(
        meeting__starts_at__gt=facts.now - BEFORE, meeting__starts_at__lt=facts.now + AHEAD
    ) & facts.live("meeting__group__")
    rows = Attendance.objects.filter(near, user__is_active=True)
    rows = rows.exclude(rsvp=Rsvp.PENDING, is_guest=False).order_by("user__name", "user")
    found: dict[int, list[DeskAnswer]] = defaultdict(list)
    columns = ("meeting", "user", "user__nickname", "user__name", "user__email", "rsvp", "is_guest")
    for meeting, user, nickname, name, email, rsvp, is_guest in rows.values_list(*columns):
        shown = display_name(user, nickname, name, email)
        found[meeting].append(DeskAnswer(meeting, user, shown, rsvp, is_guest))
    return found


def expected_people(
    members: Iterable[DeskMember], answers: Iterable[DeskAnswer]
) -> tuple[set[int], set[int]]:
    """Return the members who have not declined, and the guests who have not.  Pure.

    A person who has become a member is no guest.
    """
    answers = list(answers)
    declined = {answer.user_id for answer in answers if answer.has_declined}
    here = {member.user_id for member in members}
    guests = {answer.user_id for answer in answers if answer.is_guest} - here - declined
    return here - declined, guests
