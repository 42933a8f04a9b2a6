"""Observe the calendar, with one incremental listing for all groups.

Events that the listing does not contain are fetched by id. Only a "not found" response means that
an event is gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from calendarsync.rest.client import CalendarClient
from calendarsync.state import ids
from calendarsync.state.later_parts import find_later_parts
from calendarsync.state.observed import Body, ObservedCalendar, Reading, StoredState, absent
from cohorts.reconcile.values import Finding, Orphans


async def observe(client: CalendarClient, stored: StoredState) -> Finding:
    reading = await read(client, stored)
    observed = ObservedCalendar(stored.events).with_reading(reading)
    if missing := stored.awaited - set(observed.events):
        reading = await _fetch_missing(client, stored, reading, missing)
        observed = ObservedCalendar(stored.events).with_reading(reading)
    return Finding(observed, orphans=_find_orphans(observed, stored), to_store=reading)


def _find_orphans(observed: ObservedCalendar, stored: StoredState) -> Orphans:
    """Return our marked events that have no record, unless staff have said that they are ours."""
    if stored.adopt:
        return Orphans()
    found = list(observed.orphans(stored.recorded | stored.not_adopted))
    marks = [mark for event in found if (mark := ids.read_id(event.id))]
    groups = frozenset(mark.group_id for mark in marks)
    names = tuple(sorted(event.details.summary for event in found))
    return Orphans(names, groups, unrecorded=len(groups))


async def read(client: CalendarClient, stored: StoredState) -> Reading:
    """Return our events that changed since the client's last listing, with later parts of them."""
    asked_at = time.monotonic()
    listing = await client.list()
    ours = [client.read(body) for body in listing.bodies if _is_ours(body, stored)]
    others = (body for body in listing.bodies if not _is_ours(body, stored))
    parts = find_later_parts(others, ours, stored, client.read)
    return Reading((*ours, *parts), listing.cursor, listing.full, asked_at)


def _is_ours(body: Body, stored: StoredState) -> bool:
    base = ids.base_of(body["id"])
    mark = ids.read_id(base)
    return base in stored.recorded or bool(mark and mark.installation == stored.installation)


async def _fetch_missing(
    client: CalendarClient, stored: StoredState, reading: Reading, missing: Iterable[str]
) -> Reading:
    """List everything again, because copies are missing, then fetch each that is still missing."""
    if not reading.full:
        client.cursor = ""
        reading = await read(client, stored)
    present = {event.id for event in reading.events}
    fetched = [await client.get(pk) or absent(pk) for pk in sorted(set(missing) - present)]
    return replace(reading, events=(*reading.events, *fetched), full=True)
