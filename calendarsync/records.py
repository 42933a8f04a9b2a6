"""Write the records of our events. Nothing here makes an external call.

A row is committed before the call that makes its event, and completed afterwards. Copies are only
written from listings (`copies.storing`): everything after a sync token, including our own writes,
comes back with the next one.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now as real_now

from calendarsync.copies.completing import complete_series, complete_singles, slot_fields
from calendarsync.models import CalendarAddress, CalendarEvent, CalendarSeries
from calendarsync.plan.calls import CancelEvent, CreateEvent
from calendarsync.state.observed import ObservedEvent, WriteResult
from calendarsync.state.slots import SeriesSlot
from cohorts.models import User
from cohorts.reconcile.values import Action, Outcome


def intend(action: Action) -> None:
    """Commit the row of an event that is about to be created."""
    if isinstance(action.payload, CreateEvent):
        _intend_event(action.payload)


def record(action: Action, outcome: Outcome, now: datetime) -> None:
    """Commit what a write has changed."""
    answer = outcome.answer
    if isinstance(answer, WriteResult) and (answer.aliases or answer.refused or answer.stays):
        store_addresses(answer, now)
    if isinstance(action.payload, CreateEvent):
        _record_created(action.payload, outcome.answer.event)
    elif isinstance(action.payload, CancelEvent):
        _record_cancelled(outcome.outside_id)


def _record_created(call: CreateEvent, event: ObservedEvent) -> None:
    """Complete the row of the event. One query: a realize does this for each group."""
    if event.is_cancelled:
        return
    if call.mark.meeting_id is None:
        complete_series(event)
    else:
        complete_singles([event.id])


def _intend_event(call: CreateEvent) -> None:
    """Commit the row of an event that is about to be made. One query; repeating it changes nothing
    but the slot of a series."""
    mark = call.mark
    if mark.meeting_id is None:
        assert isinstance(call.when, SeriesSlot), "only a series is of no meeting"
        slot = slot_fields(call.when)
        row = CalendarSeries(
            event_id=call.event_id, group_id=mark.group_id, generation=mark.generation, **slot
        )
        CalendarSeries.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["event_id"], update_fields=[*slot]
        )
    else:
        event = CalendarEvent(
            event_id=call.event_id,
            meeting_id=mark.meeting_id,
            user_id=mark.person_id,
            generation=mark.generation,
        )
        CalendarEvent.objects.bulk_create([event], ignore_conflicts=True)


@transaction.atomic
def _record_cancelled(event_id: str) -> None:
    CalendarEvent.objects.filter(event_id=event_id).update(gone_at=real_now())
    CalendarSeries.objects.filter(event_id=event_id).update(gone_at=real_now())


@transaction.atomic
def store_addresses(invited: WriteResult, now: datetime) -> None:
    """Record what a write has shown about people's addresses."""
    for listed_as, address in invited.aliases.items():
        _store_address(address, listed_as=listed_as)
    for address in invited.refused:
        _store_address(address, refused_at=now)
    for address in invited.stays:
        _store_address(address, restored_at=now)


def _store_address(address: str, **shown: Any) -> None:
    """Record this, and drop what was known of an address that the person no longer has."""
    for user in User.objects.filter(email__iexact=address):
        CalendarAddress.objects.filter(user=user).exclude(email=address).delete()
        CalendarAddress.objects.update_or_create(user=user, email=address, defaults=shown)
