"""Observe the calendar, with one incremental listing for all groups.

Events that the listing does not contain are fetched by id. Only a "not found" response means that
an event is gone.
"""

from dataclasses import replace

from calendarsync.rest.client import CalendarClient
from calendarsync.state import ids
from calendarsync.state.observed import Reading, StoredState, absent
from calendarsync.state.run_observation import RunObservation
from cohorts.reconcile.values import Finding


async def observe(client: CalendarClient) -> Finding:
    reading = await client.list()
    if _find_missing(reading, client.stored):
        reading = await _read_everything(client, reading)
    return Finding(RunObservation(), to_store=reading)


def _find_missing(reading: Reading, stored: StoredState) -> set[str]:
    """Return the ids that must be found and are neither listed nor stored."""
    awaited = stored.awaited if reading.full else stored.uncopied
    return set(awaited) - {body["id"] for body in reading.bodies} if awaited else set()


async def read_again(client: CalendarClient, event_id: str) -> Reading:
    """Return what changed since the client's last listing, after Google refused a write to this
    event because it has changed.

    If neither it nor an event of its series is among that, an earlier listing left the change out
    and no later one contains it: return everything.
    """
    reading = await client.list()
    families = {ids.base_of(body["id"]) for body in reading.bodies}
    if not reading.full and ids.base_of(event_id) in families:
        return reading
    return await _read_everything(client, reading)


async def _read_everything(client: CalendarClient, reading: Reading) -> Reading:
    """List everything, unless that was just done, then fetch each event that is still missing."""
    if not reading.full:
        client.cursor = ""
        reading = await client.list()
    missing = sorted(_find_missing(reading, client.stored))
    fetched = [await client.get_body(pk) or absent(pk) for pk in missing]
    return replace(reading, bodies=(*reading.bodies, *fetched), full=True)
