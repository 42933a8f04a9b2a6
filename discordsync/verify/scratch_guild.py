"""Scratch roles, channels and events in the server, which no one but the bot can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cohorts.reconcile.errors import Conflict
from cohorts.reconcile.models import ScratchObject
from cohorts.reconcile.verify.bench import Bench
from discordsync.state import permissions

if TYPE_CHECKING:
    from discordsync.rest.client import DiscordClient

ROLE, CHANNEL, EVENT = "role", "channel", "event"
HIDDEN = "hidden channel"  # visible to the bot by a scratch role alone
TEXT, VOICE, CATEGORY = 0, 2, 4
TO_ROLE, TO_MEMBER = 0, 1
LISTS = {ROLE: "roles", CHANNEL: "channels", HIDDEN: "channels", EVENT: "scheduled-events"}
WHY = "Lens: verify_services"


@dataclass
class VerifiedGuild:
    """A connection, with the headers of the last answer to each method and path."""

    client: DiscordClient
    headers: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/guilds/{self.client.guild_id}"

    def own_role(self, role_id: str) -> str:
        """Return the path by which the bot gets or loses a role."""
        return f"{self.path}/members/{self.client.bot_id}/roles/{role_id}"


def send(bench: Bench, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    return bench.call(_request(bench, method, path, body))


def attempt(bench: Bench, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Make a call and return its answer, or the refusal."""
    return bench.attempt(_request(bench, method, path, body))


def make_role(bench: Bench, **fields: Any) -> Any:
    body = {"name": bench.mark, **fields}
    request = _request(bench, "POST", f"{bench.client.path}/roles", body)
    return bench.make(ROLE, bench.mark, request)


def make_channel(bench: Bench, kind: int, **fields: Any) -> Any:
    """Create a channel. Unless told otherwise, only the bot sees it."""
    body = {"name": bench.mark, "type": kind, "permission_overwrites": private(bench, kind)}
    request = _request(bench, "POST", f"{bench.client.path}/channels", body | fields)
    return bench.make(CHANNEL, bench.mark, request)


def make_event(bench: Bench, channel_id: str, start: str) -> Any:
    """Create an event in a voice channel and return it, or the refusal."""
    body = {
        "name": bench.mark,
        "channel_id": channel_id,
        "scheduled_start_time": start,
        "entity_type": VOICE,
        "privacy_level": 2,  # members of the server only
    }
    request = _request(bench, "POST", f"{bench.client.path}/scheduled-events", body)
    return bench.try_to_make(EVENT, bench.mark, request)


def private(bench: Bench, kind: int) -> list[dict[str, Any]]:
    """Return overwrites by which only the bot sees a channel."""
    allowed = {
        TEXT: permissions.BOT_TEXT,
        VOICE: permissions.BOT_VOICE,
        CATEGORY: permissions.BOT_CATEGORY,
    }
    client = bench.client.client
    return [
        overwrite(client.guild_id, TO_ROLE, deny=permissions.VIEW_CHANNEL),
        overwrite(client.bot_id, TO_MEMBER, allow=allowed[kind]),
    ]


def overwrite(target: int | str, kind: int, *, allow: int = 0, deny: int = 0) -> dict[str, Any]:
    return {"id": str(target), "type": kind, "allow": str(allow), "deny": str(deny)}


def _request(bench: Bench, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
    reason = None if method == "GET" or "/messages" in path else WHY  # those are not logged
    return bench.client.client.request(method, path, body=body, reason=reason)


def make_hidden_channel(bench: Bench, role_id: str) -> Any:
    """Create a channel that the bot sees only as long as it has a role."""
    client = bench.client.client
    overwrites = [
        overwrite(client.guild_id, TO_ROLE, deny=permissions.VIEW_CHANNEL),
        overwrite(role_id, TO_ROLE, allow=permissions.VIEW_CHANNEL),
    ]
    body = {"name": bench.mark, "type": TEXT, "permission_overwrites": overwrites}
    request = _request(bench, "POST", f"{bench.client.path}/channels", body)
    return bench.make(HIDDEN, f"{bench.mark}/{role_id}", request)


# -- removal ---------------------------------------------------------------------------------


async def remove(guild: VerifiedGuild, scratch: ScratchObject) -> None:
    """Delete an object; without an id, what its list shows under our name."""
    if scratch.kind == HIDDEN and scratch.outside_id:
        role_id = scratch.name.partition("/")[2]
        await guild.client.request("PUT", guild.own_role(role_id), reason=WHY)
    if scratch.outside_id:
        await _delete(guild, scratch.kind, scratch.outside_id)
        return
    listed = await guild.client.request("GET", f"{guild.path}/{LISTS[scratch.kind]}")
    for one in listed:
        if one["name"].lower().startswith(scratch.name.partition("/")[0]):
            await _delete(guild, scratch.kind, one["id"])


async def _delete(guild: VerifiedGuild, kind: str, outside_id: str) -> None:
    within = f"{guild.path}/{LISTS[kind]}" if kind in (ROLE, EVENT) else "/channels"
    try:
        await guild.client.request("DELETE", f"{within}/{outside_id}", reason=WHY)
    except Conflict:
        return  # it is gone
