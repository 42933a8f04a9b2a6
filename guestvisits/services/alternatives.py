"""Alternatives to a meeting that a person can't attend."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from cohorts.errors import Refusal
from cohorts.models import Membership, set_up_group
from cohorts.selectors import facilitators_of
from guestvisits.facts import VisitOption, read_visit_options, read_visit_options_ahead
from guestvisits.models import GuestVisit
from guestvisits.rules import find_guest_refusal, find_refusal
from guestvisits.selectors import led_meetings
from meetings.models import Attendance, Meeting
from meetings.selectors import MAX_DURATION, PastMeeting


@dataclass(frozen=True, slots=True)
class Alternative:
    """One meeting of another group. `refusal` says why it cannot be booked; None if it can.

    `facilitators` are names; `seats_left` counts free guest seats, None without a limit. `overlaps`
    are the person's other meetings and visits at the same time, which do not prevent booking.
    """

    meeting: Meeting
    facilitators: tuple[str, ...]
    seats_left: int | None
    refusal: Refusal | None
    overlaps: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The alternatives. `refusal` is why this person may not visit anyone this week, or None.

    `home_has_begun`: it is too late for an RSVP to the home meeting, but not to make it up.
    """

    home: Meeting
    home_has_begun: bool
    refusal: Refusal | None
    options: tuple[Alternative, ...]

    @property
    def open(self) -> tuple[Alternative, ...]:
        return tuple(option for option in self.options if option.refusal is None)

    @property
    def not_open(self) -> tuple[Alternative, ...]:
        return tuple(option for option in self.options if option.refusal is not None)


def find_alternatives(user_id: int, home_meeting_id: int, now: datetime) -> Alternatives:
    """Return the cohort's other meetings of the same week, open or not, earliest first.

    Raises Refusal("no_meeting") for a meeting of a group to which the person never belonged, or
    from which they were removed.
    """
    home, choices = read_visit_options(user_id, home_meeting_id=home_meeting_id, now=now)
    facilitators = facilitators_of({choice.host.group_id for choice in choices})
    others = [meeting for meeting in _meetings_to_attend(user_id, now) if meeting != home]
    return Alternatives(
        home=home,
        home_has_begun=home.starts_at <= now,
        refusal=_refuse_extra(home) or _refuse_guest(choices, now),
        options=tuple(
            Alternative(
                meeting=choice.host,
                facilitators=tuple(
                    person.display_name for person in facilitators.get(choice.host.group_id, [])
                ),
                seats_left=choice.facts.seats_left,
                refusal=find_refusal(choice.facts, now),
                overlaps=tuple(other for other in others if _overlap(other, choice.host)),
            )
            for choice in choices
        ),
    )


def _meetings_to_attend(user_id: int, now: datetime) -> list[Meeting]:
    """Return the future meetings of a person's own groups and visits, without declined ones, and
    those that they lead as a substitute. Cancelled ones are left out. One query."""
    groups = Membership.objects.filter(user=user_id, status=Membership.Status.ACTIVE)
    visits = GuestVisit.objects.filter(user=user_id, ended_at__isnull=True)
    declined = Attendance.objects.filter(user=user_id, rsvp=Attendance.Rsvp.NOT_ATTENDING)
    expected = Q(set_up_group("group__"), group__in=groups.values("group")) | Q(
        pk__in=visits.values("host_meeting")
    )
    meetings = Meeting.objects.filter(
        expected & ~Q(pk__in=declined.values("meeting")) | Q(pk__in=led_meetings(user_id)),
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=now - MAX_DURATION,
    )
    return list(meetings.select_related("group").order_by("starts_at", "pk"))


def _overlap(one: Meeting, other: Meeting) -> bool:
    at_once = one.starts_at < other.ends_at and other.starts_at < one.ends_at
    return at_once and one.pk != other.pk


def find_make_ups(
    user_id: int, past: Iterable[PastMeeting], now: datetime
) -> tuple[PastMeeting, ...]:
    """Return those of a person's past meetings that a visit to another group can still make up.

    Meetings that the person attended are left out; so are those of a week in which they attended,
    or will visit, another group. Four queries for any number of meetings.
    """
    not_attended = {
        mine.meeting.pk: mine
        for mine in past
        if mine.presence != Attendance.Presence.PRESENT and mine.meeting.number is not None
    }
    if not not_attended:
        return ()
    choices = read_visit_options_ahead(user_id, home_meeting_ids=not_attended, now=now)
    open_again = {choice.home.pk for choice in choices if find_refusal(choice.facts, now) is None}
    return tuple(mine for pk, mine in not_attended.items() if pk in open_again)


def _refuse_extra(home: Meeting) -> Refusal | None:
    """Refuse extra sessions. Without other meetings in their week, no rule would be tested."""
    if home.number is not None:
        return None
    return Refusal(
        "extra_session",
        "This is an extra session, so no other group has a meeting in its place.",
    )


def _refuse_guest(choices: Iterable[VisitOption], now: datetime) -> Refusal | None:
    """Return the refusal that concerns the guest, from any choice: those facts are all the same."""
    return next((find_guest_refusal(choice.facts, now) for choice in choices), None)
