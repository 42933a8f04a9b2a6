"""Read what the end of a cohort, or of some of its groups, would change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, Group, Membership, live_group
from cohorts.selectors import group_by, members_of
from guestvisits.models import GuestVisit
from meetings.attendance.ledger import count_attendance
from meetings.attendance.marks import AttendanceCount
from meetings.models import Meeting
from meetings.selectors import meetings_ahead

CANCELLED = Group.Status.CANCELLED
Counts = Mapping[tuple[int, int], AttendanceCount]


@dataclass(frozen=True, slots=True)
class EndPlan:
    """What ends. `meetings`: those ahead that are not cancelled yet. `visits`: open ones, from and
    to these groups. `reads_until`: when the archive ends; None without one."""

    cohort: Cohort
    status: str
    is_whole: bool
    groups: tuple[Group, ...]
    members: tuple[Membership, ...]
    meetings: tuple[Meeting, ...]
    visits: tuple[GuestVisit, ...]
    counts: Counts
    reads_until: datetime | None

    def meetings_of(self, group: Group) -> list[Meeting]:
        return [meeting for meeting in self.meetings if meeting.group_id == group.pk]

    def by_person(self) -> dict[int, list[Membership]]:
        """Return the memberships that end, by person; closed accounts get no letter."""
        open_ones = (member for member in self.members if member.user.is_active)
        return group_by(open_ones, lambda member: member.user_id)

    def facts(self) -> tuple[Any, ...]:
        """Return what was decided. Attendance is not: the letter counts what is known when it is
        written."""
        return (
            self.is_whole,
            sorted((group.pk, self.status_of(group)) for group in self.groups),
            sorted(member.pk for member in self.members),
            sorted((meeting.pk, meeting.starts_at) for meeting in self.meetings),
            sorted(visit.pk for visit in self.visits),
            self.cohort.archive_days,
        )

    def status_of(self, group: Group) -> str:
        return _end_status(group, self.status)


def _end_status(group: Group, status: str) -> str:
    """Return the status that a group gets: one that never met was not completed."""
    return CANCELLED if group.status == Group.Status.PREVIEW else status


def read_end(step: CohortStep, now: datetime) -> EndPlan:
    """Return what a step of kind “end” would change.  Raises Refusal: cohort_ended, group_ended."""
    cohort = Cohort.objects.select_related("course").get(pk=step.cohort_id)
    if cohort.has_ended:
        raise Refusal("cohort_ended", f"{cohort} has already ended.")
    chosen = set(step.params["groups"])
    live = Group.objects.filter(live_group(), cohort=cohort).select_related("cohort")
    groups = [group for group in live.order_by("name", "pk") if not chosen or group.pk in chosen]
    if len(groups) < len(chosen):
        raise Refusal("group_ended", "One of these groups has already ended.")
    ids = [group.pk for group in groups]
    status = step.params["status"]
    cancelled = [group.pk for group in groups if _end_status(group, status) == CANCELLED]
    return EndPlan(
        cohort=cohort,
        status=status,
        is_whole=not chosen,
        groups=tuple(groups),
        members=tuple(members_of(ids).select_related("group")),
        meetings=tuple(meetings_ahead(ids, now)),
        visits=tuple(_open_visits(ids, cancelled, now)),
        counts=count_attendance(ids, now),
        reads_until=step.archive_ends_at(now),
    )


def _open_visits(
    group_ids: Iterable[int], cancelled: Iterable[int], now: datetime
) -> Iterable[GuestVisit]:
    """Return the visits to these groups, and those of people who will be in no group, because
    theirs is cancelled. Once carried out, `guestvisits.lifecycle` applies the same rules."""
    elsewhere = Membership.objects.filter(
        cohort=OuterRef("host_meeting__group__cohort"),
        user=OuterRef("user"),
        role=Membership.Role.PARTICIPANT,
        status=Membership.Status.ACTIVE,
    ).exclude(group__in=group_ids)
    ends = Q(host_meeting__group__in=group_ids) | (
        Q(home_meeting__group__in=cancelled) & ~Exists(elsewhere)
    )
    visits = GuestVisit.objects.filter(ends, ended_at__isnull=True, host_meeting__starts_at__gt=now)
    return visits.select_related("host_meeting__group").order_by("host_meeting__starts_at", "pk")
