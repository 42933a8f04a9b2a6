"""Queries for the records of our events."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import chain
from operator import or_

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from calendarsync.models import CalendarAddress, CalendarCopy, CalendarEvent, CalendarSeries
from calendarsync.state import ids
from calendarsync.state.facts import AddressBook
from calendarsync.state.observed import Body, ObservedEvent, StoredState, read_event
from cohorts.models import Installation, User
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.verify.verification_results import find_value
from cohorts.selectors import addresses_of, people_to_erase
from meetings.models import Meeting

PROVIDER = "calendar"
# Copies of events that ended longer ago are not loaded, because their number only grows.
HISTORY = timedelta(days=7)
# How often everything is listed, and not only changes: a change that is missing from one listing
# would never be returned again.
FULL_LISTING_EVERY = timedelta(hours=6)


def current_series(group_ids: Collection[int] | None = None) -> QuerySet[CalendarSeries]:
    """Return the series that groups have now, newest generation first."""
    series = CalendarSeries.objects.filter(gone_at__isnull=True).order_by("group", "-generation")
    return series if group_ids is None else series.filter(group__in=group_ids)


def recorded_ids() -> frozenset[str]:
    """Return Google's ids of everything that has or had a record, including intents."""
    series = CalendarSeries.objects.values_list("event_id", flat=True)
    events = CalendarEvent.objects.values_list("event_id", flat=True)
    return frozenset(series) | frozenset(events)


def read_addresses() -> AddressBook:
    """Return what is known about people's current addresses. One query."""
    rows = list(CalendarAddress.objects.filter(user__email__iexact=F("email")))
    return AddressBook(
        aliases={row.listed_as: row.email for row in rows if row.listed_as},
        refused=frozenset(row.email for row in rows if row.refused_at),
        stays=frozenset(row.email for row in rows if row.restored_at),
    )


def addresses_to_erase() -> frozenset[str]:
    """Return every address of the people who are being erased."""
    return frozenset(chain.from_iterable(addresses_of(one) for one in people_to_erase()))


def copies_with(addresses: Collection[str]) -> QuerySet[CalendarCopy]:
    """Return the copies of events on whose list one of these addresses is, however old."""
    if not addresses:
        return CalendarCopy.objects.none()
    return CalendarCopy.objects.filter(
        reduce(or_, (Q(body__icontains=json.dumps(address)) for address in addresses))
    )


def guest_invitation() -> str:
    """Return how guests are invited: CALENDAR_GUEST_INVITATION, or what suits the calendar.

    If Google mails everybody about a new guest, as `verify_services` may have found out, guests get
    events of their own. At most one query.
    """
    if settings.CALENDAR_GUEST_INVITATION:
        return str(settings.CALENDAR_GUEST_INVITATION)
    mails = find_value(PROVIDER, settings.GOOGLE_CALENDAR_ID, "mails")
    return "own_event" if mails == "everybody" else "instance"


def events_listing(person: User) -> int:
    """Return on how many events in Google Calendar the person still is."""
    addresses = addresses_of(person)
    aliases = read_addresses().aliases
    addresses |= {alias for alias, address in aliases.items() if address in addresses}
    return copies_with(addresses).exclude(status="cancelled").count()


def load_stored_state(calendar_id: str, now: datetime) -> StoredState:
    """Return what earlier observations stored, and what an observation needs from our records."""
    state = ProviderState.objects.of(PROVIDER).first()
    kept_for, _, cursor = (state.cursor if state else "").partition(" ")
    is_same = kept_for == calendar_id
    is_whole = bool(
        state and state.fully_observed_at and now - state.fully_observed_at < FULL_LISTING_EVERY
    )
    aliases = read_addresses().aliases
    recorded = recorded_ids()
    copies = [_read_copy(*row, aliases) for row in _bodies(now)] if is_same else []
    return StoredState(
        installation=Installation.objects.get(pk=1).installation_id,
        cursor=cursor if is_same and is_whole else "",
        # A later part that staff have entered as the group's series is read again.
        events={e.id: e for e in copies if not (e.continues and e.id in recorded)},
        aliases=aliases,
        recorded=recorded,
        awaited=_awaited(now),
        ends=_ends(),
        adopt=bool(state and state.adopt_orphans),
        not_adopted=frozenset(pk for pk, _ in state.not_adopted) if state else frozenset(),
    )


def _read_copy(body: Body, base_id: str, aliases: Mapping[str, str]) -> ObservedEvent:
    event = read_event(body, aliases)
    is_later_part = base_id != ids.base_of(event.id)
    return replace(event, continues=base_id) if is_later_part else event


def _ends() -> Mapping[str, datetime]:
    rows = CalendarSeries.objects.values_list("event_id", "last_starts_at")
    return {event_id: last for event_id, last in rows if last}


def _bodies(now: datetime) -> QuerySet[CalendarCopy, tuple[Body, str]]:
    """Return the copies that are still needed: body and base id."""
    over = now - HISTORY
    moved = Meeting.objects.filter(  # past the end of its series
        group=OuterRef("group"),
        rhythm_starts_at__lte=OuterRef("last_starts_at"),
        starts_at__gte=over,
    )
    series = CalendarSeries.objects.filter(~Exists(moved), last_starts_at__lt=over)
    events = CalendarEvent.objects.filter(meeting__starts_at__lt=over).values("event_id")
    copies = CalendarCopy.objects.exclude(base_id__in=series.values("event_id")).exclude(
        base_id__in=events
    )
    kept = copies | copies_with(addresses_to_erase())
    return kept.values_list("body", "base_id")


def _awaited(now: datetime) -> frozenset[str]:
    """Return ids of events that were made and are not over.

    Each must be found or confirmed gone.
    """
    is_ahead = Q(last_starts_at__isnull=True) | Q(last_starts_at__gt=now)
    series = CalendarSeries.objects.filter(is_ahead, made_at__isnull=False, gone_at__isnull=True)
    events = CalendarEvent.objects.filter(
        meeting__starts_at__gt=now, made_at__isnull=False, gone_at__isnull=True
    )
    ids = series.values_list("event_id", flat=True), events.values_list("event_id", flat=True)
    return frozenset(ids[0]) | frozenset(ids[1])
