"""Queries on meetings and attendance, one function per question.

Guests are not members: every count here leaves them out, so that callers need not. To list the
people who come, including guests, use `guestvisits.pages.expected_people`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from cohorts.models import CohortStep, Group, Membership, User, live_group, set_up_group
from meetings.models import (
    PRESENCE,
    Attendance,
    EarlierSlot,
    Meeting,
    SkippedWeek,
)
from meetings.rhythm import Days, Rhythm, Slot, SlotUntil

BREAK = "break"  # the kind of cohort step
MAX_DURATION = timedelta(days=1)  # a database constraint allows no longer meetings

Role = Membership.Role
Status = Membership.Status
Presence = Attendance.Presence


@dataclass(frozen=True, slots=True)
class MyMeeting:
    """A meeting of a group to which a person belongs. Its group, cohort and course are loaded."""

    meeting: Meeting
    role: str
    rsvp: str  # a value of Attendance.Rsvp

    @property
    def is_facilitator(self) -> bool:
        return self.role == Role.FACILITATOR


@dataclass(frozen=True, slots=True)
class PastMeeting:
    """A meeting that was held while a person belonged to the group. Its group is loaded."""

    meeting: Meeting
    presence: str  # a value of Attendance.Presence


def meetings_ahead(group_ids: Iterable[int], now: datetime) -> QuerySet[Meeting]:
    """Return the meetings of these groups that have not begun and are not cancelled, by start."""
    scheduled = Meeting.objects.filter(group__in=group_ids, status=Meeting.Status.SCHEDULED)
    return scheduled.filter(starts_at__gt=now).order_by("starts_at", "pk")


def upcoming_meetings(user_id: int, now: datetime) -> list[MyMeeting]:
    """Return the meetings of a person's groups (set up) that are not over yet, earliest first.

    Cancelled ones are included. One query.
    """
    mine = Membership.objects.filter(user=user_id, status=Status.ACTIVE, group=OuterRef("group"))
    answer = Attendance.objects.filter(user=user_id, meeting=OuterRef("pk"))
    meetings = (
        Meeting.objects.filter(set_up_group("group__"), starts_at__gt=now - MAX_DURATION)
        .annotate(role=Subquery(mine.values("role")), rsvp=Subquery(answer.values("rsvp")))
        .filter(role__isnull=False)
        .select_related("group__cohort__course")
        .order_by("starts_at", "group")
    )
    return [
        MyMeeting(meeting, meeting.role, meeting.rsvp or Attendance.Rsvp.PENDING)
        for meeting in meetings
        if meeting.ends_at > now
    ]


def before_the_end(prefix: str = "") -> Q:
    """Return a filter for meetings that begin before group and cohort end; others are not held.

    `prefix` leads to the meeting.
    """
    of_group = _is_before(prefix, "group__ended_at")
    return of_group & _is_before(prefix, "group__cohort__ended_at")


def _is_before(prefix: str, end: str) -> Q:
    begun = Q(**{f"{prefix}starts_at__lt": F(f"{prefix}{end}")})
    return Q(**{f"{prefix}{end}__isnull": True}) | begun


def past_meetings(user_id: int, now: datetime) -> list[PastMeeting]:
    """Return the meetings that were held while a person belonged to the group, latest first.

    One query.
    """
    then = Q(left_at__isnull=True) | Q(left_at__gt=OuterRef("starts_at"))
    mine = Membership.objects.filter(
        then, user=user_id, group=OuterRef("group"), joined_at__lte=OuterRef("starts_at")
    )
    found = Attendance.objects.filter(user=user_id, meeting=OuterRef("pk")).annotate(was=PRESENCE)
    held = Meeting.objects.filter(
        before_the_end(), starts_at__lt=now, status=Meeting.Status.SCHEDULED
    )
    meetings = (
        held.filter(Exists(mine))
        .annotate(presence=Subquery(found.values("was")))
        .select_related("group")
        .order_by("-starts_at", "group")
    )
    return [
        PastMeeting(meeting, meeting.presence or Presence.UNKNOWN)
        for meeting in meetings
        if meeting.ends_at <= now
    ]


def groups_facilitated(user_id: int) -> list[Group]:
    """Return the groups that a person facilitates and that are set up, each once. One query."""
    mine = Membership.objects.filter(user=user_id, status=Status.ACTIVE, role=Role.FACILITATOR)
    groups = Group.objects.filter(set_up_group(), pk__in=mine.values("group"))
    return list(groups.select_related("cohort__course").order_by("cohort", "name"))


def ended_groups_facilitated(user_id: int) -> list[Group]:
    """Return the groups that a person facilitated until the group or cohort ended, latest first."""
    groups = Group.objects.filter(~live_group(), pk__in=_led_by(user_id).values("group"))
    return list(groups.select_related("cohort__course").order_by("-cohort", "name"))


def facilitates(user: User, group_id: int) -> bool:
    """Return whether a person may act for this group as its facilitator: it must not have ended."""
    led = user.memberships.filter(live_group("group__"), group=group_id, role=Role.FACILITATOR)
    return led.filter(status=Status.ACTIVE).exists()


def may_read_as_facilitator(user: User, group_id: int) -> bool:
    """Return whether a person facilitates this group, or did until it was completed."""
    return _led_by(user.pk).filter(group=group_id).exists()


def facilitates_any(user: User) -> bool:
    """Return whether there is any group that the person may read as its facilitator."""
    return _led_by(user.pk).exists()


def _led_by(user_id: int) -> QuerySet[Membership]:
    """Return a person's facilitator memberships: active ones, and those that lasted until the end.

    Completing a group completes its memberships with the same timestamp.
    """
    until_the_end = Q(status=Status.COMPLETED, left_at=F("group__ended_at"))
    led = Membership.objects.filter(user=user_id, role=Role.FACILITATOR)
    return led.filter(Q(status=Status.ACTIVE) | until_the_end)


# -- expected people -----------------------------------------------------------------------------


def expected_at(meetings: Collection[Meeting]) -> dict[int, list[User]]:
    """Return the people expected, by meeting id: members and guests who have not declined.

    People who have not answered are expected. Booking a visit declines the home meeting. People
    whose account is closed are left out. Two queries for any number of meetings.
    """
    members = Membership.objects.filter(
        group__in={meeting.group_id for meeting in meetings},
        status=Status.ACTIVE,
        user__is_active=True,
    )
    by_group: dict[int, list[User]] = defaultdict(list)
    for member in members.select_related("user").order_by("role", "user__name", "user"):
        by_group[member.group_id].append(member.user)
    declined, guests = _answers(meetings)
    return {
        meeting.pk: [
            person
            for person in dict.fromkeys([*by_group[meeting.group_id], *guests[meeting.pk]])
            if person.pk not in declined[meeting.pk]
        ]
        for meeting in meetings
    }


def is_guest_at(user_id: int, meeting: Meeting) -> bool:
    return Attendance.objects.filter(user=user_id, meeting=meeting, is_guest=True).exists()


def _answers(
    meetings: Collection[Meeting],
) -> tuple[dict[int, set[int]], dict[int, list[User]]]:
    """Return two mappings by meeting id: the ids of people who declined, and the guests."""
    declined: dict[int, set[int]] = defaultdict(set)
    guests: dict[int, list[User]] = defaultdict(list)
    rows = Attendance.objects.filter(
        Q(is_guest=True) | Q(rsvp=Attendance.Rsvp.NOT_ATTENDING),
        meeting__in=meetings,
        user__is_active=True,
    )
    for row in rows.select_related("user").order_by("user__name", "user"):
        if row.rsvp == Attendance.Rsvp.NOT_ATTENDING:
            declined[row.meeting_id].add(row.user_id)
        elif row.is_guest:
            guests[row.meeting_id].append(row.user)
    return declined, guests


# -- the rhythm ----------------------------------------------------------------------------------


def read_rhythms(groups: Collection[Group]) -> dict[int, Rhythm]:
    """Return the weekly rhythm of these groups, whose cohorts must be loaded. Three queries."""
    earlier: dict[int, list[SlotUntil]] = defaultdict(list)
    for row in EarlierSlot.objects.filter(group__in=groups).order_by("until"):
        earlier[row.group_id].append(SlotUntil(row.until, _slot_of(row)))
    skipped: dict[int, set[date]] = defaultdict(set)
    for week in SkippedWeek.objects.filter(group__in=groups):
        skipped[week.group_id].add(week.day)
    breaks = read_breaks({group.cohort_id for group in groups})
    return {
        group.pk: Rhythm(
            start_date=group.cohort.start_date,
            count=group.cohort.number_of_meetings,
            slot=slot_of(group),
            earlier=tuple(earlier[group.pk]),
            skipped=frozenset(skipped[group.pk]),
            breaks=tuple(breaks[group.cohort_id]),
        )
        for group in groups
    }


def read_breaks(cohort_ids: Collection[int]) -> dict[int, list[Days]]:
    """Return the breaks of these cohorts that were carried out and not undone. One query."""
    found: dict[int, list[Days]] = defaultdict(list)
    for step in CohortStep.objects.filter(
        cohort__in=cohort_ids, kind=BREAK, state=CohortStep.State.DONE
    ).order_by("pk"):
        found[step.cohort_id].append(read_days(step.params))
    return found


def read_days(params: Mapping[str, Any]) -> Days:
    """Return the days of a break from the params of its step."""
    first, last = date.fromisoformat(params["first"]), date.fromisoformat(params["last"])
    return Days(first, last, params["drop"])


def slot_of(group: Group) -> Slot | None:
    """Return the group's weekly slot, or None if it has none."""
    return _slot_of(group) if group.has_slot else None


def _slot_of(row: Group | EarlierSlot) -> Slot:
    assert row.weekday is not None
    assert row.start_time is not None
    return Slot(row.weekday, row.start_time, row.timezone, row.duration_minutes)
