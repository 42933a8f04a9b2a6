"""Queries for the copies of our events, of few groups at a time."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from calendarsync.models import CalendarCopy, CalendarEvent, CalendarSeries
from calendarsync.selectors import read_addresses
from calendarsync.state import ids
from calendarsync.state.observed import Body, ObservedEvent, read_event
from cohorts.models import User
from cohorts.selectors import addresses_of
from meetings.models import Meeting

# Copies of events that ended longer ago are not loaded, because their number only grows.
HISTORY = timedelta(days=7)


def load_copies(
    owners: Mapping[str, int],
    aliases: Mapping[str, str],
    now: datetime,
    *,
    erased: Collection[str] = (),
) -> dict[int, dict[str, ObservedEvent]]:
    """Return events by group and id. `owners`: each group's series and single events by id.

    Also those of any age with an erased address, if their mark names one of the groups. At most
    two queries.
    """
    group_ids = set(owners.values())
    columns = ("body", "base_id")
    rows = list(_current(owners, group_ids, now).values_list(*columns))
    rows += copies_with(erased).values_list(*columns)  # no query without an address
    found: dict[int, dict[str, ObservedEvent]] = defaultdict(dict)
    for body, base_id in rows:
        event = read_copy(body, base_id, aliases)
        group_id = owners.get(base_id) or _named_group(base_id)
        # A later part that staff have entered as the group's series is read again.
        if group_id in group_ids and not (event.continues and event.id in owners):
            found[group_id][event.id] = event
    return found


def read_copy(body: Body, base_id: str, aliases: Mapping[str, str]) -> ObservedEvent:
    event = read_event(body, aliases)
    is_later_part = base_id != ids.base_of(event.id)
    return replace(event, continues=base_id) if is_later_part else event


def _named_group(base: str) -> int:
    mark = ids.read_id(base)
    return mark.group_id if mark else 0


def _current(
    owners: Collection[str], group_ids: Collection[int], now: datetime
) -> QuerySet[CalendarCopy]:
    over = now - HISTORY
    moved = Meeting.objects.filter(  # past the end of its series
        group=OuterRef("group"),
        # A stored place may have a fraction of a second, which Google does not keep.
        rhythm_starts_at__lt=OuterRef("last_starts_at") + timedelta(seconds=1),
        starts_at__gte=over,
    )
    series = CalendarSeries.objects.filter(
        ~Exists(moved), group__in=group_ids, last_starts_at__lt=over
    )
    events = CalendarEvent.objects.filter(meeting__group__in=group_ids, meeting__starts_at__lt=over)
    copies = CalendarCopy.objects.filter(base_id__in=owners)
    return copies.exclude(base_id__in=series.values("event_id")).exclude(
        base_id__in=events.values("event_id")
    )


def copies_with(addresses: Collection[str]) -> QuerySet[CalendarCopy]:
    """Return the copies of events on whose list one of these addresses is, however old."""
    if not addresses:
        return CalendarCopy.objects.none()
    return CalendarCopy.objects.filter(
        reduce(or_, (Q(body__icontains=json.dumps(address)) for address in addresses))
    )


def find_owners(base_ids: Collection[str]) -> dict[str, int]:
    """Return the groups of recorded series and single events. Two queries."""
    return _owners(Q(event_id__in=base_ids), Q(event_id__in=base_ids))


def records_of(group_ids: Collection[int]) -> dict[str, int]:
    """Return the ids of these groups' recorded series and single events, with their groups. Two
    queries."""
    return _owners(Q(group__in=group_ids), Q(meeting__group__in=group_ids))


def _owners(series: Q, events: Q) -> dict[str, int]:
    return dict(CalendarSeries.objects.filter(series).values_list("event_id", "group")) | dict(
        CalendarEvent.objects.filter(events).values_list("event_id", "meeting__group")
    )


def events_listing(person: User) -> int:
    """Return on how many events in Google Calendar the person still is."""
    addresses = addresses_of(person)
    aliases = read_addresses().aliases
    addresses |= {alias for alias, address in aliases.items() if address in addresses}
    return copies_with(addresses).exclude(status="cancelled").count()
