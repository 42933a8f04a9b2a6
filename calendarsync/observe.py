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
from calendarsync.state.observed import Body, Memory, ObservedCalendar, Reading, absent
from cohorts.reconcile.values import Finding, Orphans


async def observe(client: CalendarClient, memory: Memory) -> Finding:
    reading = await read(client, memory)
    observed = ObservedCalendar(memory.events).with_reading(reading)
    if lacking := memory.awaited - set(observed.events):
        reading = await _ask_for(client, memory, reading, lacking)
        observed = ObservedCalendar(memory.events).with_reading(reading)
    return Finding(observed, orphans=_find_orphans(observed, memory), keep=reading)


def _find_orphans(observed: ObservedCalendar, memory: Memory) -> Orphans:
    """Return our marked events that have no record, unless staff have said that they are ours."""
    if memory.adopt:
        return Orphans()
    found = list(observed.strangers(memory.recorded | memory.not_adopted))
    marks = [mark for event in found if (mark := ids.read_id(event.id))]
    groups = frozenset(mark.group_id for mark in marks)
    names = tuple(sorted(event.face.summary for event in found))
    return Orphans(names, groups, unrecorded=len(groups))


async def read(client: CalendarClient, memory: Memory) -> Reading:
    """Return our events that changed since the client's last listing."""
    asked_at = time.monotonic()
    listing = await client.list()
    ours = (client.read(body) for body in listing.bodies if _is_ours(body, memory))
    return Reading(tuple(ours), listing.cursor, listing.full, asked_at)


def _is_ours(body: Body, memory: Memory) -> bool:
    base = ids.base_of(body["id"])
    mark = ids.read_id(base)
    return base in memory.recorded or bool(mark and mark.installation == memory.installation)


async def _ask_for(
    client: CalendarClient, memory: Memory, reading: Reading, lacking: Iterable[str]
) -> Reading:
    """List everything again, because copies are missing, then fetch each that is still missing."""
    if not reading.full:
        client.cursor = ""
        reading = await read(client, memory)
    present = {event.id for event in reading.events}
    asked = [await client.get(pk) or absent(pk) for pk in sorted(set(lacking) - present)]
    return replace(reading, events=(*reading.events, *asked), full=True)
