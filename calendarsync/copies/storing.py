"""Store what a listing contained. Nothing here makes an external call.

Only what differs from its copy is stored, in batches. The sync token is stored last: Google reports
a changed answer only once, so if anything cannot be processed, the same changes are listed again.
Those already stored are then equal to their copies.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.timezone import now as real_now

from calendarsync.copies.completing import complete_copied, complete_records
from calendarsync.copies.loading import find_owners, load_copies, read_copy, records_of
from calendarsync.copies.recognizing import CHUNK, OurEvent, in_chunks, select_ours
from calendarsync.models import CalendarCopy, ObservedRsvp
from calendarsync.rsvp.dating import CalendarChanges, find_changes
from calendarsync.rsvp.recording import record_rsvps
from calendarsync.selectors import PROVIDER, current_series, read_addresses
from calendarsync.state import ids
from calendarsync.state.observed import Body, ObservedCalendar, ObservedEvent, Reading
from calendarsync.state.run_observation import StoredReading
from cohorts.models import Membership, live_group
from cohorts.reconcile.models import ProviderState

BATCH = 100  # events whose answers are processed in one transaction


@dataclass(frozen=True, slots=True)
class _ChangedEvent:
    """An event that differs from its copy. `owner`: its group."""

    owner: int
    base_id: str
    body: Body


@dataclass
class _Storing:
    """What storing one reading needs everywhere, and what it has changed so far.

    `since`, `asked_at`: when the previous listing and this one began.
    """

    aliases: Mapping[str, str]
    since: datetime | None
    asked_at: datetime
    events: dict[int, dict[str, ObservedEvent]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


def store_reading(reading: Reading, now: datetime) -> StoredReading:
    """Store changed copies and people's answers, complete the records of observed events, and store
    the sync token. Return what has changed."""
    # An RSVP given in Lens while the listing is being stored is newer than its beginning.
    asked_at = now - timedelta(seconds=max(time.monotonic() - reading.asked_at, 0))
    since = ProviderState.objects.of(PROVIDER).values_list("listed_at", flat=True).first()
    done = _Storing(read_addresses().aliases, since, asked_at)
    ours = select_ours(reading.bodies, done.aliases)
    if reading.full:
        done.gone |= _delete_unlisted(ours)
    for batch in _in_batches(_find_changed(ours)):
        _store_batch(batch, done)
    if reading.full:
        complete_copied()
        for group_ids in in_chunks(_groups_never_heard(now), BATCH):
            _hear_all(group_ids, done)
    _store_cursor(reading, asked_at, now)
    return StoredReading(done.events, frozenset(done.gone))


def _store_cursor(reading: Reading, asked_at: datetime, now: datetime) -> None:
    states = ProviderState.objects.of(PROVIDER)
    states.update(cursor=f"{settings.GOOGLE_CALENDAR_ID} {reading.cursor}", listed_at=asked_at)
    if reading.full:
        states.update(fully_observed_at=now)


# -- what has changed ------------------------------------------------------------------------


def _delete_unlisted(listed: Mapping[str, OurEvent]) -> frozenset[str]:
    """Delete the copies that a full listing does not confirm; return their ids."""
    gone = frozenset(CalendarCopy.objects.values_list("event_id", flat=True)) - listed.keys()
    for chunk in in_chunks(sorted(gone), CHUNK):
        CalendarCopy.objects.filter(event_id__in=chunk).delete()
    return gone


def _find_changed(ours: Mapping[str, OurEvent]) -> Iterator[_ChangedEvent]:
    for chunk in in_chunks(list(ours), CHUNK):
        copies = CalendarCopy.objects.filter(event_id__in=chunk)
        known = {pk: (base_id, body) for pk, base_id, body in copies.values_list(*COLUMNS)}
        fresh = [ours[pk] for pk in chunk if known.get(pk) != ours[pk]]
        owners = find_owners({base_id for base_id, _ in fresh}) if fresh else {}
        for base_id, body in fresh:
            mark = ids.read_id(base_id)
            owner = owners.get(base_id) or (mark.group_id if mark else 0)
            yield _ChangedEvent(owner, base_id, body)


COLUMNS = ("event_id", "base_id", "body")


def _in_batches(changed: Iterable[_ChangedEvent]) -> Iterator[list[_ChangedEvent]]:
    """Yield batches that contain all changed events of their groups: answers follow from several
    events of a group."""
    batch: list[_ChangedEvent] = []
    in_order = sorted(changed, key=lambda one: one.owner)
    for _, events in groupby(in_order, lambda one: one.owner):
        batch += events
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


# -- one batch -------------------------------------------------------------------------------


@transaction.atomic
def _store_batch(batch: Collection[_ChangedEvent], done: _Storing) -> None:
    """Store copies and answers of these events together."""
    found: dict[int, dict[str, ObservedEvent]] = {}
    for one in batch:
        event = read_copy(one.body, one.base_id, done.aliases)
        found.setdefault(one.owner, {})[event.id] = event
    events = [event for group in found.values() for event in group.values()]
    known = _load_families(events, done.aliases)
    changes = find_changes(events, known, done.since)
    done.gone |= _delete_exceptions_of_deleted(events, known)
    _store_copies(batch, found)
    complete_records(events)
    _hear(records_of(found), changes, done)
    done.events |= found


def _load_families(
    events: Iterable[ObservedEvent], aliases: Mapping[str, str]
) -> dict[str, ObservedEvent]:
    """Return the copies of these events' families, by id."""
    families = {ids.base_of(event.id) for event in events}
    rows = CalendarCopy.objects.filter(base_id__in=families).values_list("body", "base_id")
    copies = [read_copy(body, base_id, aliases) for body, base_id in rows]
    return {event.id: event for event in copies}


def _delete_exceptions_of_deleted(
    events: Iterable[ObservedEvent], known: Mapping[str, ObservedEvent]
) -> set[str]:
    """Delete the copies of a deleted series' exceptions: Google lists such a series alone."""
    deleted = {event.id for event in events if event.is_cancelled and event.series_id is None}
    lost = {event.id for event in known.values() if event.series_id in deleted}
    if lost:
        CalendarCopy.objects.filter(event_id__in=lost).delete()
    return lost


def _store_copies(
    batch: Iterable[_ChangedEvent], found: Mapping[int, Mapping[str, ObservedEvent]]
) -> None:
    events = [(one, found[one.owner][one.body["id"]]) for one in batch]
    CalendarCopy.objects.bulk_create(
        [
            CalendarCopy(
                event_id=event.id,
                base_id=one.base_id,
                original_start=event.original,
                status=event.status,
                body=one.body,
                read_at=real_now(),
            )
            for one, event in events
        ],
        update_conflicts=True,
        unique_fields=["event_id"],
        update_fields=["base_id", "original_start", "status", "body", "read_at"],
    )


# -- answers ---------------------------------------------------------------------------------


@transaction.atomic
def _hear_all(group_ids: Collection[int], done: _Storing) -> None:
    """Record the answers in all events of these groups."""
    owners = records_of(group_ids)
    _hear(owners, CalendarChanges(dict.fromkeys(owners, ()), done.since), done)


def _hear(owners: Mapping[str, int], changes: CalendarChanges, done: _Storing) -> None:
    copies = load_copies(owners, done.aliases, done.asked_at)
    observed = ObservedCalendar({pk: one for group in copies.values() for pk, one in group.items()})
    record_rsvps(observed, changes, done.asked_at)


def _groups_never_heard(now: datetime) -> list[int]:
    """Return groups with a coming series and a member of whom no answer was ever observed: the list
    may have had the member before Lens did, and then its answer came with no change."""
    ahead = current_series().filter(made_at__isnull=False, last_starts_at__gt=now)
    heard = ObservedRsvp.objects.filter(
        user=OuterRef("user"), meeting__group=OuterRef("group"), meeting__starts_at__gt=now
    )
    members = Membership.objects.filter(
        live_group("group__"),
        Exists(ahead.filter(group=OuterRef("group"))),
        ~Exists(heard),
        status=Membership.Status.ACTIVE,
        user__email__gt="",
        user__calendar_address__refused_at__isnull=True,
    )
    return sorted(set(members.order_by().values_list("group", flat=True)))
