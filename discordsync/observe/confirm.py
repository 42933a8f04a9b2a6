"""Fetch recorded objects by id that no listing contained.  Reads only.

Only Discord's "unknown" error means that an object is gone; what was gone within the last hour is
not fetched again.  After a raid hundreds of objects are missing, and an observation must end: those
that could not be fetched in time are left to the next one, and nothing follows from their absence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from django.conf import settings

from cohorts.reconcile.errors import CallFailed, Conflict, RateLimited, Refused
from discordsync.rest.client import DiscordClient
from discordsync.state import keys
from discordsync.state.facts import DiscordSnapshot, Record
from discordsync.state.observed import (
    ACTIVE,
    SCHEDULED,
    ObservedGuild,
    read_channel,
    read_event,
    read_role,
)

MOST = 200  # objects per observation
SIDE_BY_SIDE = 4  # concurrent calls
# What many groups share comes first, then one object of each group, so that each gets a report.
ORDER = ("category", "cohort_channel", "text_channel", "role", "voice_channel", "event")

Answer = Callable[[ObservedGuild], ObservedGuild]


async def confirm(
    client: DiscordClient, observed: ObservedGuild, snapshot: DiscordSnapshot
) -> ObservedGuild:
    """Find out what happened to everything that should exist but was not listed.

    Returns the updated observed state.  Raises CallFailed.
    """
    unlisted = _unlisted(observed, snapshot)
    doubtful = [record for record in unlisted if not record.gone_lately]
    attempted = sorted(doubtful, key=_urgency)[:MOST]
    observed = replace(observed, gone=_ids(record for record in unlisted if record.gone))
    answers = await _fetch_in_time(client, attempted)
    for answer in answers.values():
        observed = answer(observed)
    unconfirmed = _ids(r for r in doubtful if not r.gone and r.outside_id not in answers)
    return replace(observed, fetched=frozenset(answers), unconfirmed=unconfirmed)


def _unlisted(observed: ObservedGuild, snapshot: DiscordSnapshot) -> list[Record]:
    """Return records of objects that should exist but were not listed.  Past ones do not count:
    Discord drops events, and staff remove the channels of ended cohorts."""
    awaited = snapshot.awaited
    return [
        record
        for record in snapshot.records.values()
        if record.outside_id
        and record.key in awaited
        and record.outside_id not in observed.channels
        and record.outside_id not in observed.roles
        and record.outside_id not in observed.events
    ]


def _urgency(record: Record) -> tuple[bool, int]:
    return record.gone, ORDER.index(keys.kind_of(record.key))


def _ids(records: Any) -> frozenset[int]:
    return frozenset(record.outside_id for record in records)


async def _fetch_in_time(client: DiscordClient, records: list[Record]) -> dict[int, Answer]:
    """Return the answers that arrived in time, by id.  Raises the CallFailed of a failed call."""
    answers: dict[int, Answer] = {}
    failed: list[CallFailed] = []
    waiting = iter(records)
    try:
        async with asyncio.timeout(settings.SYNC["confirm_seconds"]):
            work = (_fetch_each(client, waiting, answers, failed) for _ in range(SIDE_BY_SIDE))
            await asyncio.gather(*work)
    except TimeoutError:
        pass
    for error in failed:
        if not isinstance(error, RateLimited):  # a rate limit must not fail the observation
            raise error
    return answers


async def _fetch_each(
    client: DiscordClient,
    waiting: Iterator[Record],
    answers: dict[int, Answer],
    failed: list[CallFailed],
) -> None:
    for record in waiting:
        try:
            answers[record.outside_id or 0] = await _fetch(client, record)
        except CallFailed as error:
            failed.append(error)
        if failed:
            return


async def _fetch(client: DiscordClient, record: Record) -> Answer:
    """Fetch one recorded object by its id; return how the answer changes the observed state."""
    guild, pk = f"/guilds/{client.guild_id}", record.outside_id or 0
    try:
        match keys.kind_of(record.key):
            case "role":
                role = read_role(await client.request("GET", f"{guild}/roles/{pk}"))
                return lambda observed: _found(observed, pk).with_role(role)
            case "event":
                event = read_event(await client.request("GET", f"{guild}/scheduled-events/{pk}"))
                if event.status not in {SCHEDULED, ACTIVE}:  # cancelled or completed
                    return lambda observed: _gone(observed, pk)
                return lambda observed: _found(observed, pk).with_event(event)
            case _:
                channel = read_channel(await client.request("GET", f"/channels/{pk}"))
                return lambda observed: _found(observed, pk).with_channel(channel)
    except Conflict:  # "unknown", and the guild itself was just read
        return lambda observed: _gone(observed, pk)
    except Refused:  # it exists, but the bot may not see it
        return lambda observed: _found(observed, pk)


def _gone(observed: ObservedGuild, pk: int) -> ObservedGuild:
    return replace(observed, gone=observed.gone | {pk})


def _found(observed: ObservedGuild, pk: int) -> ObservedGuild:
    return replace(observed, gone=observed.gone - {pk})
