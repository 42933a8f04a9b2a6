"""Observe the calendar, with one incremental listing for all groups.

Events that the listing does not contain are fetched by id. Only a "not found" response means that
an event is gone.
"""

import time
from dataclasses import replace

from calendarsync.rest.client import CalendarClient
from calendarsync.state import ids
from calendarsync.state.observed import Reading, StoredState, absent
from calendarsync.state.run_observation import RunObservation
from cohorts.reconcile.values import Finding


async def observe(client: CalendarClient, stored: StoredState) -> Finding:
    reading = await read(client)
    if find_missing(reading, stored):
        reading = await _read_everything(client, stored, reading)
    return Finding(RunObservation(), to_store=reading)


def find_missing(reading: Reading, stored: StoredState) -> set[str]:
    """Return the ids that must be found and are neither listed nor stored."""
    awaited = stored.awaited if reading.full else stored.uncopied
    return set(awaited) - {body["id"] for body in reading.bodies} if awaited else set()


async def read(client: CalendarClient) -> Reading:
    """Return what changed since the client's last listing."""
    asked_at = time.monotonic()
    listing = await client.list()
    return Reading(listing.bodies, listing.cursor, listing.full, asked_at)


async def read_again(client: CalendarClient, stored: StoredState, event_id: str) -> Reading:
    """Return what changed since the client's last listing, after Google refused a write to this
    event because it has changed.

    If neither it nor an event of its series is among that, an earlier listing left the change out
    and no later one contains it: return everything.
    """
    reading = await read(client)
    families = {ids.base_of(body["id"]) for body in reading.bodies}
    if not reading.full and ids.base_of(event_id) in families:
        return reading
    return await _read_everything(client, stored, reading)


async def _read_everything(
    client: CalendarClient, stored: StoredState, reading: Reading
) -> Reading:
    """List everything, unless that was just done, then fetch each event that is still missing."""
    if not reading.full:
        client.cursor = ""
        reading = await read(client)
    missing = find_missing(reading, stored)
    fetched = [await client.get_body(pk) or absent(pk) for pk in sorted(missing)]
    return replace(reading, bodies=(*reading.bodies, *fetched), full=True)
