"""Observe the guild.  Reads only.

In sync, this takes five calls and one more for each 1000 members: the bot's account (at sign-in),
the guild with its roles, channels, events, Discord's own count of each role's holders, and members.
The counts show whether the member list was complete.  Objects that should exist but are not listed
are fetched by id: only Discord's “unknown” error means that one is gone.

Access depends on the guild, its channels and members.  If only another read fails, the observation
says what is unknown, so that this delays no access.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.conf import settings

from cohorts.reconcile.errors import CallFailed, Conflict, Outage, RateLimited, Refused
from cohorts.reconcile.values import Finding
from discordsync.observe.recover import (
    find_lost,
    find_orphans,
    find_unknown,
    find_unknown_accounts,
    held_by,
)
from discordsync.state import keys, permissions
from discordsync.state.facts import DiscordGroup, DiscordSnapshot, MessageFacts, Record
from discordsync.state.observed import (
    ACTIVE,
    SCHEDULED,
    Discovered,
    ObservedChannel,
    ObservedGuild,
    Sent,
    id_at,
    moment_of,
    read_channel,
    read_event,
    read_member,
    read_member_name,
    read_role,
)

if TYPE_CHECKING:
    from discordsync.rest.client import DiscordClient

PAGE = 1000
HISTORY = 100  # messages in a page
PAGES = 30  # per channel and observation
MOST = 200  # objects that one observation fetches by id
SIDE_BY_SIDE = 4  # concurrent calls
# What many groups share comes first, then one object of each group, so that each gets a report.
ORDER = ("category", "cohort_channel", "text_channel", "role", "voice_channel", "event")
SLACK = timedelta(minutes=1)  # how far Discord's clock and ours may differ

Answer = Callable[[ObservedGuild], ObservedGuild]


async def observe(client: DiscordClient, snapshot: DiscordSnapshot) -> Finding:
    """Return the state of the guild, and what it shows about our records.  Raises CallFailed."""
    observed = await observe_guild(client, snapshot)
    sent = await find_sent(client, observed, snapshot)
    observed = replace(observed, unsearched=snapshot.interrupted - sent.keys())
    discovered = Discovered(
        ids=find_lost(snapshot, observed),
        orphans=find_orphans(snapshot, observed),
        unknown=find_unknown(snapshot, observed),
        accounts=find_unknown_accounts(snapshot, observed),
        sent=sent,
        adopt=snapshot.adopt,
    )
    orphans = held_by(discovered.orphans, snapshot, observed)
    return Finding(observed, orphans=orphans, to_store=discovered)


async def observe_guild(client: DiscordClient, snapshot: DiscordSnapshot) -> ObservedGuild:
    """Return everything in the guild that concerns us.  Raises CallFailed."""
    guild = f"/guilds/{client.guild_id}"
    whole = await _guild(client)  # first: in a wrong guild, the other calls fail too
    channels, events, counts, members = await asyncio.gather(
        client.request("GET", f"{guild}/channels"),
        _read_or_none(client, f"{guild}/scheduled-events"),
        _read_or_none(client, f"{guild}/roles/member-counts"),
        _members(client),
    )
    observed = ObservedGuild(
        guild_id=client.guild_id,
        bot_id=client.bot_id,
        roles={role.id: role for role in map(read_role, whole["roles"])},
        channels={channel.id: channel for channel in map(read_channel, channels)},
        events={event.id: event for event in map(read_event, events or ())},
        events_unread=events is None,
        members=dict(map(read_member, members)),
        names=dict(map(read_member_name, members)),
        pending=frozenset(int(one["user"]["id"]) for one in members if one.get("pending")),
    )
    observed = replace(observed, incomplete=_incomplete(observed, counts))
    if client.bot_id not in observed.members:
        observed = await _fetch_bot(client, observed)
    return await confirm(client, observed, snapshot)


async def _read_or_none(client: DiscordClient, path: str) -> Any:
    """Return the answer of a read, or None if it fails or takes too long."""
    try:
        async with asyncio.timeout(settings.SYNC["confirm_seconds"]):
            return await client.request("GET", path)
    except (CallFailed, TimeoutError):
        return None


async def _guild(client: DiscordClient) -> dict[str, Any]:
    try:
        return await client.request("GET", f"/guilds/{client.guild_id}")
    except Refused as error:
        code = "wrong_guild" if error.code == "no_access" else error.code
        raise Refused(error.detail, code=code) from None


async def _members(client: DiscordClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        try:
            page = await client.request(
                "GET",
                f"/guilds/{client.guild_id}/members",
                params={"limit": PAGE, "after": after},
            )
        except Refused as error:
            code = "no_member_list" if error.code == "no_access" else error.code
            raise Refused(error.detail, code=code) from None
        found += page
        if len(page) < PAGE:
            return found
        after = _next_page(after, page)


def _next_page(after: int, page: list[dict[str, Any]]) -> int:
    """Return the last id of a page.  Raises Outage if it does not advance, to avoid a loop."""
    last = max(int(member["user"]["id"]) for member in page)
    if last <= after:
        raise Outage("The list of members is too long to read.", code="discord_answer")
    return last


def _incomplete(observed: ObservedGuild, counts: dict[str, int] | None) -> frozenset[int]:
    """Return roles of which Discord counts more holders than the list contained, or may do so."""
    if counts is None:
        return frozenset(observed.roles)
    listed = Counter(chain.from_iterable(observed.members.values()))
    return frozenset(int(pk) for pk, count in counts.items() if count > listed[int(pk)])


async def _fetch_bot(client: DiscordClient, observed: ObservedGuild) -> ObservedGuild:
    """Fetch the bot's own roles, which give it its permissions; a truncated list may lack them."""
    found = await client.request("GET", f"/guilds/{client.guild_id}/members/{client.bot_id}")
    return observed.with_member(*read_member(found))


# -- objects that no listing contained -------------------------------------------------------------


async def confirm(
    client: DiscordClient, observed: ObservedGuild, snapshot: DiscordSnapshot
) -> ObservedGuild:
    """Find out what happened to everything that should exist but was not listed.

    What was gone within the last hour is not fetched again.  After a raid hundreds of objects are
    missing, and an observation must end: those that could not be fetched in time are left to the
    next one, and nothing follows from their absence.

    Returns the updated observed state.
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
        and not (observed.events_unread and keys.kind_of(record.key) == "event")
        and record.outside_id not in observed.channels
        and record.outside_id not in observed.roles
        and record.outside_id not in observed.events
    ]


def _urgency(record: Record) -> tuple[bool, int]:
    return record.gone, ORDER.index(keys.kind_of(record.key))


def _ids(records: Any) -> frozenset[int]:
    return frozenset(record.outside_id for record in records)


async def _fetch_in_time(client: DiscordClient, records: list[Record]) -> dict[int, Answer]:
    """Return the answers that arrived in time, by id."""
    answers: dict[int, Answer] = {}
    waiting = iter(records)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.SYNC["confirm_seconds"]):
            work = (_fetch_each(client, waiting, answers) for _ in range(SIDE_BY_SIDE))
            await asyncio.gather(*work)
    return answers


async def _fetch_each(
    client: DiscordClient, waiting: Iterator[Record], answers: dict[int, Answer]
) -> None:
    for record in waiting:
        try:
            answers[record.outside_id or 0] = await _fetch(client, record)
        except RateLimited:
            return
        except CallFailed:
            continue  # the others may still answer


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


# -- messages whose sending was interrupted --------------------------------------------------------


async def find_sent(
    client: DiscordClient, observed: ObservedGuild, snapshot: DiscordSnapshot
) -> Sent:
    """Find messages whose sending was interrupted, in the channels that can be read in time.

    Returns {message id: Discord id}, None for a message that does not exist.
    """
    found: Sent = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.SYNC["confirm_seconds"]):
            for group in snapshot.groups.values():
                for channel_id, tried in _places_to_search(group, observed, snapshot):
                    found |= await _search_or_skip(client, channel_id, tried)
    return found


def _places_to_search(
    group: DiscordGroup, observed: ObservedGuild, snapshot: DiscordSnapshot
) -> Iterator[tuple[int, list[MessageFacts]]]:
    """Yield each channel in which messages about a group may have arrived, with these messages."""
    tried = [message for message in group.messages if message.tried_at]
    record = snapshot.records.get(keys.text_channel(group.id))
    channel = observed.channels.get(record.outside_id or 0) if record else None
    if tried and channel and _may_read_history(observed, channel):
        yield channel.id, tried
    for direct in group.direct_messages:
        if direct.message.tried_at and direct.channel_id:
            yield direct.channel_id, [direct.message]


def _may_read_history(observed: ObservedGuild, channel: ObservedChannel) -> bool:
    """Return whether the bot can search a channel: otherwise Discord shows an empty history.

    The bot's own overwrite, which someone may have changed, is put back by the plan.
    """
    held = channel.overwrites.get(observed.bot_id)
    may = permissions.READ_MESSAGE_HISTORY & (held.allow if held else 0)
    return bool(may or observed.bot_permissions & permissions.ADMINISTRATOR)


async def _search_or_skip(
    client: DiscordClient, channel_id: int, tried: list[MessageFacts]
) -> Sent:
    """Search one channel.  If Discord refuses, sending the message again shows what is wrong."""
    try:
        return await _search(client, channel_id, tried)
    except (Conflict, Refused):
        return {message.id: None for message in tried}
    except CallFailed:
        return {}


async def _search(client: DiscordClient, channel_id: int, tried: Iterable[MessageFacts]) -> Sent:
    """Read from the time of the first attempt, page by page, until each message is found or the
    history ends.  Messages that are not on the first `PAGES` pages are left out."""
    missing = {message.id: message for message in tried}
    found: Sent = {}
    after = id_at(min(_search_start(message) for message in missing.values()))
    for _ in range(PAGES):
        params = {"limit": HISTORY, "after": after}
        page = await client.request("GET", f"/channels/{channel_id}/messages", params=params)
        ours = [said for said in page if int(said["author"]["id"]) == client.bot_id]
        hits = {pk: _find(message, ours) for pk, message in missing.items()}
        found |= {pk: hit for pk, hit in hits.items() if hit}
        missing = {pk: message for pk, message in missing.items() if pk not in found}
        if len(page) < HISTORY:
            return found | dict.fromkeys(missing)
        if not missing:
            return found
        after = max(int(said["id"]) for said in page)
    return found


def _search_start(message: MessageFacts) -> datetime:
    assert message.tried_at is not None
    return message.tried_at - SLACK


def _find(message: MessageFacts, ours: Iterable[Mapping[str, Any]]) -> int | None:
    for said in ours:
        is_since = moment_of(int(said["id"])) >= _search_start(message)
        if is_since and said["content"].strip() == message.text.strip():
            return int(said["id"])
    return None
