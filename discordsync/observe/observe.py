"""Observe the guild.  Reads only.

In sync, this takes five calls and one more for each 1000 members: the bot's account (at sign-in),
the guild with its roles, channels, events, Discord's own count of each role's holders, and members.
The counts show whether the member list was complete.  Objects that should exist but are not listed
are fetched by id (confirm.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cohorts.reconcile.errors import Conflict, Outage, Refused
from cohorts.reconcile.values import Finding
from discordsync.observe.confirm import confirm
from discordsync.observe.recover import (
    find_lost,
    find_orphans,
    find_unknown,
    find_unknown_accounts,
    held_by,
)
from discordsync.rest.client import DiscordClient
from discordsync.state import keys
from discordsync.state.facts import DiscordSnapshot, MessageFacts
from discordsync.state.observed import (
    Discovered,
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

PAGE = 1000
HISTORY = 100  # messages in a page
PAGES = 30  # per channel and observation
SLACK = timedelta(minutes=1)  # how far Discord's clock and ours may differ


async def observe(client: DiscordClient, snapshot: DiscordSnapshot) -> Finding:
    """Return the state of the guild, and what it shows about our records.  Raises CallFailed."""
    observed = await observe_guild(client, snapshot)
    discovered = Discovered(
        ids=find_lost(snapshot, observed),
        orphans=find_orphans(snapshot, observed),
        unknown=find_unknown(snapshot, observed),
        accounts=find_unknown_accounts(snapshot, observed),
        sent=await find_sent(client, observed, snapshot),
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
        client.request("GET", f"{guild}/scheduled-events"),
        client.request("GET", f"{guild}/roles/member-counts"),
        _members(client),
    )
    observed = ObservedGuild(
        guild_id=client.guild_id,
        bot_id=client.bot_id,
        roles={role.id: role for role in map(read_role, whole["roles"])},
        channels={channel.id: channel for channel in map(read_channel, channels)},
        events={event.id: event for event in map(read_event, events)},
        members=dict(map(read_member, members)),
        names=dict(map(read_member_name, members)),
        pending=frozenset(int(one["user"]["id"]) for one in members if one.get("pending")),
    )
    observed = replace(observed, incomplete=_incomplete(observed, counts))
    if client.bot_id not in observed.members:
        observed = await _fetch_bot(client, observed)
    return await confirm(client, observed, snapshot)


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


def _incomplete(observed: ObservedGuild, counts: dict[str, int]) -> frozenset[int]:
    """Return roles of which Discord counts more holders than the list contained."""
    listed: dict[int, int] = {}
    for roles in observed.members.values():
        for role in roles:
            listed[role] = listed.get(role, 0) + 1
    return frozenset(int(pk) for pk, count in counts.items() if count > listed.get(int(pk), 0))


async def _fetch_bot(client: DiscordClient, observed: ObservedGuild) -> ObservedGuild:
    """Fetch the bot's own roles, which give it its permissions; a truncated list may lack them."""
    found = await client.request("GET", f"/guilds/{client.guild_id}/members/{client.bot_id}")
    return observed.with_member(*read_member(found))


async def find_sent(
    client: DiscordClient, observed: ObservedGuild, snapshot: DiscordSnapshot
) -> Sent:
    """Find messages whose sending was interrupted.

    Returns {message id: Discord id}, None for a message that does not exist.
    """
    found: Sent = {}
    for group in snapshot.groups.values():
        tried = [message for message in group.messages if message.tried_at]
        record = snapshot.records.get(keys.text_channel(group.id))
        if tried and record and record.outside_id in observed.channels:
            found |= await _search(client, record.outside_id or 0, tried)
        for direct in group.direct_messages:
            if direct.message.tried_at and direct.channel_id:
                found |= await _search_line(client, direct.channel_id, direct.message)
    return found


async def _search_line(client: DiscordClient, channel_id: int, message: MessageFacts) -> Sent:
    """Search one person's channel.  If it cannot be read, the observation must not fail; sending
    the message again then shows what is wrong with the channel."""
    try:
        return await _search(client, channel_id, [message])
    except (Conflict, Refused):
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
