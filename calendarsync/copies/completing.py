"""Complete the records of events that exist, even if the response to the call was lost."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.timezone import now as real_now

from calendarsync.models import CalendarCopy, CalendarEvent, CalendarSeries
from calendarsync.state.observed import ObservedEvent, read_event
from calendarsync.state.slots import SeriesSlot

INCOMPLETE = Q(made_at__isnull=True) | Q(weeks__isnull=True)


@transaction.atomic
def complete_records(events: Iterable[ObservedEvent]) -> None:
    """Mark rows whose event has been seen as made, even if the response to the call was lost.

    A series that staff entered gets its slot here.
    """
    standing = {event.id: event for event in events if not event.is_cancelled}
    series = CalendarSeries.objects.filter(INCOMPLETE, event_id__in=standing)
    for event_id in series.order_by("pk").values_list("event_id", flat=True):
        complete_series(standing[event_id])
    if singles := [event.id for event in standing.values() if event.slot is None]:
        complete_singles(singles)


def complete_series(event: ObservedEvent) -> None:
    """Mark the record of a series as made, with the slot that Google returned. One query."""
    slot = slot_fields(event.slot) if event.slot else {}
    rows = CalendarSeries.objects.filter(INCOMPLETE, event_id=event.id)
    rows.update(made_at=Coalesce("made_at", Value(real_now())), **slot)


def complete_singles(event_ids: Iterable[str]) -> None:
    """Mark the records of single events as made. One query."""
    pending = CalendarEvent.objects.filter(event_id__in=event_ids, made_at__isnull=True)
    pending.update(made_at=real_now())


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


def complete_copied() -> None:
    """Complete the records of events whose copy was stored before they had a record."""
    series = CalendarSeries.objects.filter(INCOMPLETE, gone_at__isnull=True)
    events = CalendarEvent.objects.filter(made_at__isnull=True)
    copies = CalendarCopy.objects.filter(
        Q(event_id__in=series.values("event_id")) | Q(event_id__in=events.values("event_id"))
    )
    complete_records(map(read_event, copies.values_list("body", flat=True)))
