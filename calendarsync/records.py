"""Write the records of our events. Nothing here makes an external call.

A row is committed before the call that makes its event, and completed afterwards. Copies are only
written together with the sync token that they belong to: everything after a token, including our
own writes, comes back with the next listing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import now as real_now

from calendarsync.models import (
    CalendarAddress,
    CalendarCopy,
    CalendarEvent,
    CalendarInstance,
    CalendarSeries,
    ObservedRsvp,
)
from calendarsync.plan.calls import CancelEvent, CreateEvent
from calendarsync.rsvp.dating import find_changes
from calendarsync.rsvp.recording import record_rsvps
from calendarsync.selectors import PROVIDER, current_series, read_addresses, recorded_ids
from calendarsync.state import ids
from calendarsync.state.observed import (
    ObservedCalendar,
    ObservedEvent,
    Reading,
    WriteResult,
    read_event,
)
from calendarsync.state.slots import SeriesSlot
from cohorts.errors import Refusal
from cohorts.models import Group, Membership, User
from cohorts.reconcile.differences import Drift
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.services import record_adopted
from cohorts.reconcile.values import Action, Finding, Outcome
from cohorts.signals import announce
from meetings.models import Meeting

# -- an observation --------------------------------------------------------------------------


def store_observation(finding: Finding, calendar_id: str, now: datetime) -> None:
    """Store what was read, and adopt orphans if staff have approved it."""
    store_reading(finding.to_store, finding.observed, calendar_id, now)
    if not finding.orphans:
        adopt_orphans(finding.observed)


@transaction.atomic
def store_reading(
    reading: Reading, observed: ObservedCalendar, calendar_id: str, now: datetime
) -> None:
    """Store copies, sync token and people's answers, and complete the records of observed events.

    One transaction, because Google reports a changed answer only once: if it cannot be processed,
    the token must not be stored either.
    """
    states = ProviderState.objects.of(PROVIDER)
    since = states.values_list("listed_at", flat=True).first()
    known = _load_copies(reading.events)
    changes = find_changes(reading.events, known, since)
    if reading.full:
        CalendarCopy.objects.exclude(event_id__in=[e.id for e in reading.events]).delete()
    lost = [event.id for event in known.values() if event.series_id in reading.gone]
    CalendarCopy.objects.filter(event_id__in=lost).delete()
    CalendarCopy.objects.bulk_create(
        [_copy(event) for event in reading.events],
        update_conflicts=True,
        unique_fields=["event_id"],
        update_fields=["base_id", "original_start", "status", "body", "read_at"],
    )
    # When the listing began: an RSVP given in Lens while it is being stored is newer.
    asked_at = now - timedelta(seconds=max(time.monotonic() - reading.asked_at, 0))
    states.update(cursor=f"{calendar_id} {reading.cursor}", listed_at=asked_at)
    if reading.full:
        states.update(fully_observed_at=now)
    complete_records(reading.events)
    record_rsvps(observed, changes, asked_at)


def _load_copies(events: Iterable[ObservedEvent]) -> Mapping[str, ObservedEvent]:
    """Return the copies of these events' families, by id."""
    families = {ids.base_of(event.id) for event in events}
    if not families:
        return {}
    bodies = CalendarCopy.objects.filter(base_id__in=families).values_list("body", flat=True)
    aliases = read_addresses().aliases
    copies = [read_event(body, aliases) for body in bodies]
    return {event.id: event for event in copies}


def _copy(event: ObservedEvent) -> CalendarCopy:
    return CalendarCopy(
        event_id=event.id,
        base_id=event.continues or ids.base_of(event.id),
        original_start=event.original,
        status=event.status,
        body=json.loads(event.raw),
    )


@transaction.atomic
def complete_records(events: Iterable[ObservedEvent]) -> None:
    """Mark rows whose event has been seen as made, even if the response to the call was lost.

    A series that staff entered gets its slot here.
    """
    standing = {event.id: event for event in events if not event.is_cancelled}
    incomplete = Q(made_at__isnull=True) | Q(weeks__isnull=True)
    for row in CalendarSeries.objects.filter(incomplete, event_id__in=standing):
        _complete_series(row, standing[row.event_id].slot)
    CalendarEvent.objects.filter(event_id__in=standing, made_at__isnull=True).update(
        made_at=real_now()
    )


def _complete_series(row: CalendarSeries, slot: SeriesSlot | None) -> None:
    row.made_at = row.made_at or real_now()
    if slot is not None:
        _set_slot(row, slot)
    row.save()
    if slot is not None:
        _store_instances(row, slot)


def _set_slot(row: CalendarSeries, slot: SeriesSlot) -> None:
    row.first_day, row.wall_time = slot.first.date(), slot.first.time()
    row.timezone, row.duration_minutes, row.weeks = slot.zone, slot.minutes, slot.count
    row.last_starts_at = slot.starts()[-1]


def _store_instances(row: CalendarSeries, slot: SeriesSlot) -> None:
    meetings = Meeting.objects.filter(group=row.group_id, rhythm_starts_at__in=slot.starts())
    CalendarInstance.objects.bulk_create(
        [
            CalendarInstance(
                meeting=meeting,
                series=row,
                instance_id=ids.occurrence_id(row.event_id, place),
            )
            for meeting in meetings
            if (place := meeting.rhythm_starts_at)
        ],
        update_conflicts=True,
        unique_fields=["meeting"],
        update_fields=["series", "instance_id"],
    )


@transaction.atomic
def adopt_orphans(observed: ObservedCalendar) -> None:
    """Record orphans by what their mark says, if staff have approved it.

    The approval is valid once: staff are asked again about later orphans. An event that cannot be
    recorded is stored with the reason, and staff are not asked about it again.
    """
    if not ProviderState.objects.of(PROVIDER).filter(adopt_orphans=True).exists():
        return
    lacking = {}
    for event in observed.orphans(recorded_ids()):
        if why := _adopt(event, ids.read_id(event.id)):
            lacking[event.id] = f"“{event.details.summary}” was not taken over: {why}"
    record_adopted(PROVIDER, lacking)


def _adopt(event: ObservedEvent, mark: ids.Mark | None) -> str:
    """Record one event; return a sentence with the reason if that is not possible."""
    if mark is None:
        return "its Lens mark cannot be read."
    if mark.meeting_id is not None:
        return _adopt_single(event, mark, mark.meeting_id)
    if not Group.objects.filter(pk=mark.group_id).exists():
        return f"its group (number {mark.group_id}) is not in this database."
    row, is_new = CalendarSeries.objects.get_or_create(
        group_id=mark.group_id, generation=mark.generation, defaults={"event_id": event.id}
    )
    if not is_new:
        return f"{row.group} already has a recorded series of the same generation."
    _complete_series(row, event.slot)
    return ""


def _adopt_single(event: ObservedEvent, mark: ids.Mark, meeting_id: int) -> str:
    if not Meeting.objects.filter(pk=meeting_id).exists():
        return f"its meeting (number {meeting_id}) is not in this database."
    if mark.person_id and not User.objects.filter(pk=mark.person_id).exists():
        return f"its guest (number {mark.person_id}) is not in this database."
    CalendarEvent.objects.create(
        meeting_id=meeting_id,
        user_id=mark.person_id,
        generation=mark.generation,
        event_id=event.id,
        made_at=real_now(),
    )
    return ""


# -- a call ----------------------------------------------------------------------------------


def intend(action: Action) -> None:
    """Commit the row of an event that is about to be created."""
    if isinstance(action.payload, CreateEvent):
        _intend_event(action.payload)


def record(
    action: Action, outcome: Outcome, observed: ObservedCalendar, calendar_id: str, now: datetime
) -> None:
    """Commit what a call has changed or read. `observed` includes it."""
    if isinstance(outcome.answer, Reading):
        store_reading(outcome.answer, observed, calendar_id, now)
        return
    if isinstance(outcome.answer, WriteResult):
        store_addresses(outcome.answer, now)
    if isinstance(action.payload, CreateEvent):
        complete_records([outcome.answer.event])
    elif isinstance(action.payload, CancelEvent):
        _record_cancelled(outcome.outside_id)


@transaction.atomic
def _intend_event(call: CreateEvent) -> None:
    """Commit the row of an event that is about to be made. Repeating it changes nothing."""
    mark = call.mark
    if mark.meeting_id is None:
        row, _ = CalendarSeries.objects.get_or_create(
            event_id=call.event_id,
            defaults={"group_id": mark.group_id, "generation": mark.generation},
        )
        if isinstance(call.when, SeriesSlot):
            _set_slot(row, call.when)
            row.save()
    else:
        CalendarEvent.objects.get_or_create(
            event_id=call.event_id,
            defaults={
                "meeting_id": mark.meeting_id,
                "user_id": mark.person_id,
                "generation": mark.generation,
            },
        )


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

    Raises `Refusal` (series_exists) if the group already has a series.
    """
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
    people = [row.user_id for row in addresses]
    CalendarAddress.objects.filter(user__in=people).delete()
    groups = Membership.objects.filter(user__in=people, status=Membership.Status.ACTIVE)
    announce(sorted(set(groups.values_list("group", flat=True))))


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
    for model in (CalendarInstance, CalendarSeries, CalendarEvent, CalendarCopy, ObservedRsvp):
        model.objects.all().delete()
    ProviderState.objects.of(PROVIDER).update(cursor="")
