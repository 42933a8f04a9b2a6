"""Complete the records of events that exist, even if the response to the call was lost."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.timezone import now as real_now

from calendarsync.models import CalendarCopy, CalendarEvent, CalendarSeries
from calendarsync.state import ids
from calendarsync.state.observed import ObservedEvent, read_event
from calendarsync.state.slots import SeriesSlot, whole_second

INCOMPLETE = Q(made_at__isnull=True) | Q(weeks__isnull=True)


@transaction.atomic
def complete_records(events: Iterable[ObservedEvent]) -> None:
    """Bring the rows of events that exist in line with them.

    They were made, even if the response to the call was lost. A series that staff entered gets its
    slot here. One that was restored from the calendar's trash is not gone any more.
    """
    standing = {event.id: event for event in events if not event.is_cancelled}
    for row in CalendarSeries.objects.filter(event_id__in=standing).order_by("pk"):
        _update_series(row, standing[row.event_id])
    if singles := [event.id for event in standing.values() if event.slot is None]:
        complete_singles(singles)


def _update_series(row: CalendarSeries, event: ObservedEvent) -> None:
    if row.gone_at and not row.made_at and event.details.mark != ids.read_id(event.id):
        return  # the id was taken by an event that is not ours
    made = slot_of(row) or event.slot
    now = {
        **(slot_fields(made) if made else {}),
        # Someone may have made it longer; None if it may go on for ever.
        "last_starts_at": max(one.starts()[-1] for one in (made, event.slot) if one)
        if made and event.slot
        else None,
        "made_at": row.made_at or real_now(),
        "gone_at": None,
    }
    if any(getattr(row, name) != value for name, value in now.items()):
        CalendarSeries.objects.filter(pk=row.pk).update(**now)


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


def slot_of(row: CalendarSeries) -> SeriesSlot | None:
    """Return the slot that a series was made with."""
    if not row.first_day or not row.wall_time or not row.duration_minutes or not row.weeks:
        return None
    first = datetime.combine(row.first_day, whole_second(row.wall_time))
    return SeriesSlot(first, row.timezone, row.duration_minutes, row.weeks)


def complete_copied() -> None:
    """Complete the records of events whose copy was stored before their record was as it is."""
    series = CalendarSeries.objects.filter(INCOMPLETE | Q(gone_at__isnull=False))
    events = CalendarEvent.objects.filter(made_at__isnull=True)
    copies = CalendarCopy.objects.filter(
        Q(event_id__in=series.values("event_id")) | Q(event_id__in=events.values("event_id"))
    )
    existing = copies.exclude(status="cancelled")
    complete_records(map(read_event, existing.values_list("body", flat=True)))
