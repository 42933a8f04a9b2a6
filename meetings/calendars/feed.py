"""A person's meetings as iCalendar (RFC 5545).

How a calendar program sees changes to a meeting, which keeps its UID:

    moved                another DTSTART, a higher SEQUENCE
    cancelled            STATUS:CANCELLED, a higher SEQUENCE
    restored             STATUS:CONFIRMED, a higher SEQUENCE
    declined, or away    TRANSP:TRANSPARENT: the time is free, the meeting still visible
    visited              an entry of the host meeting, while the visit lasts

Start times are in UTC, so that no entry needs a VTIMEZONE; programs show them in their own zone.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from icalendar import Calendar, Event

from cohorts.models import Installation, Membership, set_up_group
from cohorts.outbox.rendering.links import page_url
from meetings.models import Attendance, Meeting
from meetings.registries import Venue, find_venues
from meetings.selectors import before_the_end

PRODUCT = "-//Lens//Meetings//EN"
REFRESH_INTERVAL = timedelta(hours=1)
KEPT = timedelta(days=60)  # how long a past meeting stays in a calendar


def read_events(user_id: int, now: datetime, *, led: QuerySet[Meeting]) -> list[Event]:
    """Return a person's meetings and visits, earliest first. Three queries.

    `led`: the meetings that the person leads as a substitute.
    """
    return _events(_mine(user_id, now, led).filter(starts_at__gt=now - KEPT))


def read_event(
    user_id: int, meeting_id: int, now: datetime, *, led: QuerySet[Meeting]
) -> Event | None:
    """Return one of the person's meetings, of any age, or None if it is not theirs."""
    return next(iter(_events(_mine(user_id, now, led).filter(pk=meeting_id))), None)


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


def _events(meetings: QuerySet[Any]) -> list[Event]:
    rows = list(meetings)
    venues = find_venues({row.group_id for row in rows})
    installation = Installation.objects.filter(pk=1).values_list("installation_id", flat=True)
    mark = installation.first() or settings.INSTALLATION_ID
    return [_event(row, venues.get(row.group_id), mark) for row in rows]


def _event(row: Any, venue: Venue | None, mark: str) -> Event:
    """Return one meeting. Its sequence counts its changes."""
    group, page = row.group, page_url("my-meetings")
    role = " (as a guest)" if row.is_visited else " (as the substitute)" if row.is_led else ""
    changed_at = row.changed_at or group.set_up_at or group.cohort.first_known_at
    event = Event()
    event.add("uid", f"meeting-{row.pk}.{mark}@lens")
    event.add("sequence", row.sequence)
    event.add("dtstamp", changed_at.astimezone(UTC))
    event.add("last-modified", changed_at.astimezone(UTC))
    event.add("dtstart", row.starts_at.astimezone(UTC))
    event.add("dtend", row.ends_at.astimezone(UTC))
    event.add("summary", f"{group.cohort.course} - {row}{role}")
    event.add(
        "description",
        f"{row.title} of {group} ({group.cohort.course}, {group.cohort}).\n"
        f"If you can't make it: {page}",
    )
    event.add("location", venue.url if venue else page)
    event.add("url", page)
    event.add("status", "CANCELLED" if row.is_cancelled else "CONFIRMED")
    is_free = row.is_cancelled or (row.is_declined and not row.is_led)
    event.add("transp", "TRANSPARENT" if is_free else "OPAQUE")
    return event


def write_calendar(events: Iterable[Event], *, name: str) -> bytes:
    """Serialize the events. Equal events give equal bytes."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())
