"""Carry out planned calls on the observed state alone, as if Google had done them. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from calendarsync.plan.calls import Call, CancelEvent, CreateEvent, EditEvent, ReadExceptions
from calendarsync.state.observed import Attendee, ObservedCalendar, ObservedEvent
from calendarsync.state.slots import SeriesSlot


def carried_out(call: Call, observed: ObservedCalendar) -> ObservedCalendar:
    """Return the observed state after a call that Google carried out."""
    match call:
        case CreateEvent():
            return observed.with_written(_created(call))
        case EditEvent():
            return observed.with_written(edited(call))
        case CancelEvent():
            return observed.with_written(replace(call.event, status="cancelled", etag=""))
        case ReadExceptions():
            return replace(observed, unread=frozenset())


def _created(call: CreateEvent) -> ObservedEvent:
    slot = call.when if isinstance(call.when, SeriesSlot) else None
    start = slot.starts()[0] if slot else call.when.start  # type: ignore[union-attr]
    return ObservedEvent(
        id=call.event_id,
        etag="created",
        status="confirmed",
        details=call.details,
        start=start,
        end=start + timedelta(minutes=call.when.minutes),
        slot=slot,
        attendees=tuple(Attendee.invite(address) for address in call.people),
    )


def edited(call: EditEvent) -> ObservedEvent:
    event = call.event
    return replace(
        event,
        etag="edited",
        status="confirmed" if call.restore else event.status,
        details=call.details or event.details,
        start=call.times.start if call.times else event.start,
        end=call.times.end if call.times else event.end,
        attendees=tuple(call.listed(event.attendees)),
    )
