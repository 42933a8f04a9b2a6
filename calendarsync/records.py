"""Write the records of our events. Nothing here makes an external call.

A row is committed before the call that makes its event, and completed afterwards. Copies are only
written from listings (`copies.storing`): everything after a sync token, including our own writes,
comes back with the next one.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now as real_now

from calendarsync.copies.completing import complete_series, complete_singles, slot_fields
from calendarsync.models import (
    CalendarAddress,
    CalendarCopy,
    CalendarEvent,
    CalendarSeries,
    ObservedRsvp,
)
from calendarsync.plan.calls import CancelEvent, CreateEvent
from calendarsync.selectors import PROVIDER, current_series
from calendarsync.state.observed import ObservedEvent, WriteResult
from calendarsync.state.slots import SeriesSlot
from cohorts.errors import Refusal
from cohorts.models import User
from cohorts.reconcile.differences import Drift
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.values import Action, Outcome
from cohorts.services.locks import lock_groups
from cohorts.signals import announce, announce_people

# -- a call ----------------------------------------------------------------------------------


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


# -- requests of staff -----------------------------------------------------------------------


@transaction.atomic
def import_series(group_id: int, event_id: str) -> CalendarSeries:
    """Record an existing series as a group's, and close the record of one that is gone.

    Raises Refusal: series_exists, no_group.
    """
    lock_groups([group_id])
    close_gone(group_id)
    if current_series([group_id]).exists():
        raise Refusal("series_exists", "This group already has a series.")
    last = CalendarSeries.objects.filter(group=group_id).aggregate(Max("generation"))
    row = CalendarSeries.objects.create(
        group_id=group_id,
        event_id=event_id,
        generation=(last["generation__max"] or 0) + 1,
        made_at=real_now(),
    )
    announce([group_id])
    return row


@transaction.atomic
def decide_drift(drift: Drift) -> Collection[int]:
    """Close the record of a deleted series; return its group.

    Whether there will be another series depends on the group's realize request, which follows from
    what staff chose.  Raises Refusal: no_record, came_back.
    """
    row = current_series().select_for_update(of=("self",)).filter(event_id=drift.key).first()
    if row is None:
        raise Refusal("no_record", f"{drift.what} is no longer recorded.")
    deleted = CalendarCopy.objects.filter(status="cancelled", event_id=row.event_id)
    if not deleted.exists():
        raise Refusal("came_back", f"{drift.what} exists again.")
    row.gone_at = real_now()
    row.save(update_fields=["gone_at"])
    return [row.group_id]


@transaction.atomic
def invite_again(addresses: Iterable[CalendarAddress]) -> None:
    """Delete what is known about these addresses, so that they are tried again."""
    people = {row.user_id for row in addresses}
    CalendarAddress.objects.filter(user__in=people).delete()
    announce_people(people)


@transaction.atomic
def close_gone(group_id: int) -> Collection[str]:
    """Close the record of a series that Google reports as deleted, or whose id is used up.

    Return the names of the closed series.
    """
    deleted = CalendarCopy.objects.filter(status="cancelled").values("event_id")
    series = current_series([group_id])
    used_up = GroupSync.objects.filter(group=group_id, provider=PROVIDER, issue="id_taken").exists()
    gone = [
        row
        for row in series.select_related("group")
        if (used_up and row.made_at is None) or deleted.filter(event_id=row.event_id).exists()
    ]
    series.filter(pk__in=[row.pk for row in gone]).update(gone_at=real_now())
    return [str(row) for row in gone]


@transaction.atomic
def delete_all() -> None:
    """Delete all records: this database is a clone, and the events belong to its original."""
    for model in (CalendarSeries, CalendarEvent, CalendarCopy, ObservedRsvp):
        model.objects.all().delete()
    ProviderState.objects.of(PROVIDER).update(cursor="")
