"""Complete the records of events that exist, even if the response to the call was lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now as real_now

from calendarsync.models import CalendarCopy, CalendarEvent, CalendarInstance, CalendarSeries
from calendarsync.state import ids
from calendarsync.state.observed import ObservedEvent, read_event
from calendarsync.state.slots import SeriesSlot
from meetings.models import Meeting

INCOMPLETE = Q(made_at__isnull=True) | Q(weeks__isnull=True)


@transaction.atomic
def complete_records(events: Iterable[ObservedEvent]) -> None:
    """Mark rows whose event has been seen as made, even if the response to the call was lost.

    A series that staff entered gets its slot here.
    """
    standing = {event.id: event for event in events if not event.is_cancelled}
    series = CalendarSeries.objects.filter(INCOMPLETE, event_id__in=standing)
    for row in series.order_by("pk"):
        complete_series(row, standing[row.event_id].slot)
    if singles := [event.id for event in standing.values() if event.slot is None]:
        pending = CalendarEvent.objects.filter(event_id__in=singles, made_at__isnull=True)
        pending.update(made_at=real_now())


def complete_series(row: CalendarSeries, slot: SeriesSlot | None) -> None:
    row.made_at = row.made_at or real_now()
    for name, value in slot_fields(slot).items() if slot else ():
        setattr(row, name, value)
    row.save()
    if slot is not None:
        _store_instances(row, slot)


def slot_fields(slot: SeriesSlot) -> dict[str, Any]:
    """Return the columns of a record in which a series' slot is stored."""
    return {
        "first_day": slot.first.date(),
        "wall_time": slot.first.time(),
        "timezone": slot.zone,
        "duration_minutes": slot.minutes,
        "weeks": slot.count,
        "last_starts_at": slot.starts()[-1],
    }


def _store_instances(row: CalendarSeries, slot: SeriesSlot) -> None:
    meetings = Meeting.objects.filter(group=row.group_id, rhythm_starts_at__in=slot.starts())
    places = meetings.order_by().values_list("pk", "rhythm_starts_at")
    CalendarInstance.objects.bulk_create(
        [
            CalendarInstance(
                meeting_id=pk, series=row, instance_id=ids.occurrence_id(row.event_id, place)
            )
            for pk, place in places
            if place
        ],
        update_conflicts=True,
        unique_fields=["meeting"],
        update_fields=["series", "instance_id"],
    )


def complete_copied() -> None:
    """Complete the records of events whose copy was stored before they had a record."""
    series = CalendarSeries.objects.filter(INCOMPLETE, gone_at__isnull=True)
    events = CalendarEvent.objects.filter(made_at__isnull=True)
    copies = CalendarCopy.objects.filter(
        Q(event_id__in=series.values("event_id")) | Q(event_id__in=events.values("event_id"))
    )
    complete_records(map(read_event, copies.values_list("body", flat=True)))
