"""Selection of the meetings that belong in a person's calendar."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from cohorts.models import Installation, Membership, set_up_group
from cohorts.outbox.rendering.links import page_url
from meetings.calendars.ics import FeedEntry
from meetings.models import Attendance, Meeting
from meetings.registries import Venue, find_venues
from meetings.selectors import before_the_end

KEPT = timedelta(days=60)  # how long a past meeting stays in a calendar


def read_entries(user_id: int, now: datetime, *, led: QuerySet[Meeting]) -> list[FeedEntry]:
    """Return a person's meetings and visits, earliest first. Three queries.

    `led`: the meetings that the person leads as a substitute.
    """
    return _entries(_mine(user_id, now, led).filter(starts_at__gt=now - KEPT))


def read_entry(
    user_id: int, meeting_id: int, now: datetime, *, led: QuerySet[Meeting]
) -> FeedEntry | None:
    """Return one of the person's meetings, of any age, or None if it is not theirs."""
    return next(iter(_entries(_mine(user_id, now, led).filter(pk=meeting_id))), None)


def _mine(user_id: int, now: datetime, led: QuerySet[Meeting]) -> QuerySet[Any]:
    """Return meetings of the person's groups, between joining and leaving, those they visit, and
    those they lead.

    Future meetings are included only while the group is set up; past ones always.
    """
    then = Q(left_at__isnull=True) | Q(left_at__gt=OuterRef("starts_at"))
    member = Membership.objects.filter(
        then, user=user_id, group=OuterRef("group"), joined_at__lte=OuterRef("starts_at")
    )
    answer = Attendance.objects.filter(user=user_id, meeting=OuterRef("pk"))
    return (
        Meeting.objects.filter(set_up_group("group__") | Q(starts_at__lte=now), before_the_end())
        .annotate(
            is_visited=Exists(answer.filter(is_guest=True)),
            is_declined=Exists(answer.filter(rsvp=Attendance.Rsvp.NOT_ATTENDING)),
            sequence=Count("changes"),
            changed_at=Max("changes__move__at"),
            is_mine=Exists(member),
            is_led=Exists(led.filter(pk=OuterRef("pk"))),
        )
        .filter(Q(is_mine=True) | Q(is_visited=True) | Q(is_led=True))
        .select_related("group__cohort__course")
        .order_by("starts_at", "pk")
    )


def _entries(meetings: QuerySet[Any]) -> list[FeedEntry]:
    rows = list(meetings)
    venues = find_venues({row.group_id for row in rows})
    installation = Installation.objects.filter(pk=1).values_list("installation_id", flat=True)
    mark = installation.first() or settings.INSTALLATION_ID
    return [_entry(row, venues.get(row.group_id), mark) for row in rows]


def _entry(row: Any, venue: Venue | None, mark: str) -> FeedEntry:
    group, page = row.group, page_url("my-meetings")
    role = " (as a guest)" if row.is_visited else " (as the substitute)" if row.is_led else ""
    return FeedEntry(
        uid=f"meeting-{row.pk}.{mark}@lens",
        sequence=row.sequence,
        changed_at=row.changed_at or group.set_up_at or group.cohort.first_known_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        summary=f"{group.cohort.course} - {row}{role}",
        description=(
            f"{row.title} of {group} ({group.cohort.course}, {group.cohort}).\n"
            f"If you can't make it: {page}"
        ),
        location=venue.url if venue else page,
        url=page,
        is_cancelled=row.is_cancelled,
        is_free=row.is_declined and not row.is_led,
    )
