"""Channels in Discord's format, and reports of their changes.

Over HTTP, channels that the bot cannot see are left out.  The gateway sends them obfuscated: only
their existence, type and category are visible.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from discordsync.sandbox.guild_state import World
from discordsync.sandbox.members import permissions
from discordsync.sandbox.members.permissions import CATEGORY, VOICE, Bit

OBFUSCATED = 1 << 17  # channel flag
HIDDEN_NAME = "___hidden___"
OF_SOME_TYPES = ("topic", "nsfw", "rate_limit_per_user", "bitrate", "user_limit")


def present(world: World, channel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the channel in Discord's format."""
    shown = {
        "id": channel["id"],
        "type": channel["type"],
        "guild_id": world.guild_id,
        "name": channel["name"],
        "parent_id": channel["parent_id"],
        "position": channel["position"],
        "flags": 0,
        "permission_overwrites": present_overwrites(channel["overwrites"]),
        **{name: channel[name] for name in OF_SOME_TYPES if name in channel},
    }
    if channel["type"] == VOICE:
        shown |= {"rtc_region": None, "rate_limit_per_user": 0}
    if channel["type"] != CATEGORY:
        shown["last_message_id"] = channel["last_message_id"]
    return shown


def present_overwrites(held: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Return overwrites in Discord's format: bits as text, since they exceed a double's 53 bits."""
    return [
        {
            "id": target_id,
            "type": overwrite["type"],
            "allow": str(overwrite["allow"]),
            "deny": str(overwrite["deny"]),
        }
        for target_id, overwrite in held.items()
    ]


def present_told(world: World, channel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the channel as the gateway sends it to the bot."""
    shown = present(world, channel)
    if is_seen(world, channel["id"]):
        return shown
    deny = {"type": 0, "allow": 0, "deny": int(Bit.VIEW_CHANNEL)}
    return {
        **shown,
        **{name: None for name in ("topic", "last_message_id") if name in shown},
        "name": HIDDEN_NAME,
        "flags": OBFUSCATED,
        "permission_overwrites": present_overwrites({world.guild_id: deny}),
    }


def is_seen(world: World, channel_id: str) -> bool:
    return permissions.sees(world.state, world.bot_id, channel_id)


@contextmanager
def telling_changes(world: World, channel_id: str) -> Iterator[None]:
    """Report how a channel, and a category's channels, have changed within the block."""
    before = look(world, channel_id)
    yield
    for changed_id, told in look(world, channel_id).items():
        if told != before.get(changed_id):
            world.tell("CHANNEL_UPDATE", told)


def look(world: World, channel_id: str) -> dict[str, dict[str, Any]]:
    return {
        channel["id"]: present_told(world, channel)
        for channel in world.state["channels"].values()
        if channel_id in (channel["id"], channel["parent_id"])
    }
