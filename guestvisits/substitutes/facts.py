"""Queries for the data that `guestvisits.substitutes.substitute_rules` decides on."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import Count, Max, Q, QuerySet

from cohorts.models import AccessState, Group, Membership, User, live_group
from cohorts.models.archive import was_let_go
from cohorts.outbox.models import Message, MessageChoice
from guestvisits.models import GuestVisit, SubstituteOffer, Substitution
from guestvisits.substitutes.substitute_rules import (
    FAIR_OVER,
    SubstituteCandidate,
    SubstitutionFacts,
    rank,
)
from meetings.attendance.presence import Span
from meetings.models import Attendance, Meeting
from meetings.selectors import MAX_DURATION

TOPIC = "substitutes"  # what people turn off to be asked no more
CLOSED = "substitute_closed"  # the message that no answer is needed any more
Role = Membership.Role
Status = Membership.Status
Rsvp = Attendance.Rsvp


def rank_candidates(meeting: Meeting, now: datetime) -> list[int]:
    """Return the ids of the people who may be asked to lead a meeting, in order.

    Its group and cohort must be loaded. Seven queries.
    """
    return rank(read_candidates(meeting, now), span_of_meeting(meeting))


def read_candidates(meeting: Meeting, now: datetime) -> list[SubstituteCandidate]:
    """Return all facilitators of the course's open cohorts who are not in the meeting's group."""
    people = {person.pk: person for person in may_substitute(meeting)}
    in_server = set(
        AccessState.objects.filter(
            user__in=people, provider="discord", state=AccessState.State.GRANTED
        ).values_list("user_id", flat=True)
    )
    opted_out = set(
        MessageChoice.objects.filter(
            user__in=people, topic=TOPIC, route=MessageChoice.Route.OFF
        ).values_list("user_id", flat=True)
    )
    busy = find_busy(people, meeting)
    history = _history(people, now)
    return [
        SubstituteCandidate(
            pk,
            person.timezone,
            is_in_server=pk in in_server,
            has_opted_out=pk in opted_out,
            busy=tuple(busy[pk]),
            substitutions=history.get(pk, (0, None))[0],
            last_asked_at=history.get(pk, (0, None))[1],
        )
        for pk, person in people.items()
    ]


def may_substitute(meeting: Meeting) -> QuerySet[User]:
    """Return the active facilitators of the course's open cohorts who are not in the meeting's
    group."""
    own = Membership.objects.filter(group=meeting.group_id, status=Status.ACTIVE)
    led = Membership.objects.filter(
        live_group("group__"),
        status=Status.ACTIVE,
        role=Role.FACILITATOR,
        cohort__course=meeting.group.cohort.course_id,
    )
    people = User.objects.filter(
        is_active=True, discord_id__isnull=False, pk__in=led.values("user")
    )
    return people.exclude(pk__in=own.values("user")).order_by("pk")


def has_left_course(person: User, course_id: int) -> bool:
    """Return whether a person leads nothing in the course any more and did not stay to the end of
    what they led. One query."""
    led = Membership.objects.filter(user=person, role=Role.FACILITATOR, cohort__course=course_id)
    ends = led.values_list("status", "left_at", "group__ended_at")
    return all(was_let_go(*end) for end in ends)


def find_busy(user_ids: Collection[int], meeting: Meeting) -> dict[int, list[Span]]:
    """Return when these people attend other meetings around this one.

    Meetings of their groups, also declined ones; visits; and substitutions. Three queries.
    """
    around = Q(
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=meeting.starts_at - MAX_DURATION - timedelta(hours=1),
        starts_at__lt=meeting.ends_at + timedelta(hours=1),
    )
    near = Meeting.objects.filter(around, live_group("group__")).exclude(pk=meeting.pk)
    near = near.select_related("group")
    in_groups = Membership.objects.filter(
        user__in=user_ids, status=Status.ACTIVE, group__meetings__in=near
    ).values_list("user_id", "group__meetings")
    visiting = GuestVisit.objects.filter(
        user__in=user_ids, ended_at__isnull=True, host_meeting__in=near
    ).values_list("user_id", "host_meeting")
    leading = SubstituteOffer.objects.filter(
        user__in=user_ids, answer="yes", ended_at__isnull=True, substitution__meeting__in=near
    ).values_list("user_id", "substitution__meeting")
    meetings = {each.pk: span_of_meeting(each) for each in near}
    busy: dict[int, list[Span]] = defaultdict(list)
    for user_id, meeting_id in chain(in_groups, visiting, leading):
        if meeting_id in meetings:
            busy[user_id].append(meetings[meeting_id])
    return busy


def _history(user_ids: Collection[int], now: datetime) -> dict[int, tuple[int, datetime | None]]:
    """Return how often people substituted in FAIR_OVER, and when they were last asked."""
    led = Q(answer="yes", ended_at__isnull=True, answered_at__gt=now - FAIR_OVER)
    rows = (
        SubstituteOffer.objects.filter(user__in=user_ids)
        .order_by("user")
        .values_list("user")
        .annotate(count=Count("pk", filter=led), last=Max("offered_at"))
    )
    return {user_id: (count, last) for user_id, count, last in rows}


def leading(group_id: int) -> QuerySet[Membership]:
    """Return the memberships of those who facilitate a group."""
    return Membership.objects.filter(group=group_id, status=Status.ACTIVE, role=Role.FACILITATOR)


def others_who_come(meeting: Meeting, away_id: int) -> list[User]:
    """Return the group's other facilitators who have not declined this meeting. One query."""
    declined = Attendance.objects.filter(meeting=meeting, rsvp=Rsvp.NOT_ATTENDING)
    others = leading(meeting.group_id).filter(user__is_active=True).exclude(user=away_id)
    coming = others.exclude(user__in=declined.values("user")).select_related("user")
    return [membership.user for membership in coming.order_by("user__name", "user")]


def has_coming_facilitator(meeting: Meeting) -> bool:
    """Return whether a facilitator of the group has answered that they come. One query."""
    leads = leading(meeting.group_id).filter(user__is_active=True)
    coming = Attendance.objects.filter(meeting=meeting, rsvp=Rsvp.ATTENDING, is_guest=False)
    return coming.filter(user__in=leads.values("user")).exists()


def find_told_closed(substitution: Substitution) -> list[int]:
    """Return the ids of the offers whose people were told that no answer is needed any more."""
    ids = substitution.offers.values_list("pk", flat=True)
    told = Message.objects.filter(
        kind=CLOSED,
        user__in=substitution.offers.values("user"),
        context__offer__in=list(ids),
        state=Message.State.SENT,
    )
    return [context["offer"] for context in told.values_list("context", flat=True)]


def read_facts(substitution: Substitution) -> SubstitutionFacts:
    """Return what can end a substitution. Its meeting, group and cohort must be loaded."""
    meeting = substitution.meeting
    group: Group = meeting.group
    return SubstitutionFacts(
        chosen_start=substitution.chosen_start,
        meeting=span_of_meeting(meeting),
        is_cancelled=meeting.is_cancelled,
        group_has_ended=group.has_ended,
    )


def span_of_meeting(meeting: Meeting) -> Span:
    return Span(meeting.starts_at, meeting.ends_at)
