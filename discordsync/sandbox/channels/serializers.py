"""Channels in Discord's format, and reports of their changes.

Over HTTP, channels that the bot cannot see are left out.  The gateway sends them obfuscated: only
their existence, type and category are visible.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from discordsync.sandbox import permissions
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.permissions import CATEGORY, VOICE, Bit

OBFUSCATED = 1 << 17  # channel flag
HIDDEN_NAME = "___hidden___"
OF_SOME_TYPES = ("topic", "nsfw", "rate_limit_per_user", "bitrate", "user_limit")


def serialize(guild: Guild, channel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the channel in Discord's format."""
    shown = {
        "id": channel["id"],
        "type": channel["type"],
        "guild_id": guild.guild_id,
        "name": channel["name"],
        "parent_id": channel["parent_id"],
        "position": channel["position"],
        "flags": 0,
        "permission_overwrites": serialize_overwrites(channel["overwrites"]),
        **{name: channel[name] for name in OF_SOME_TYPES if name in channel},
    }
    if channel["type"] == VOICE:
        shown |= {"rtc_region": None, "rate_limit_per_user": 0}
    if channel["type"] != CATEGORY:
        shown["last_message_id"] = channel["last_message_id"]
    return shown


def serialize_overwrites(held: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
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


def serialize_for_gateway(guild: Guild, channel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the channel as the gateway sends it to the bot."""
    shown = serialize(guild, channel)
    if is_seen(guild, channel["id"]):
        return shown
    deny = {"type": 0, "allow": 0, "deny": int(Bit.VIEW_CHANNEL)}
    return {
        **shown,
        **{name: None for name in ("topic", "last_message_id") if name in shown},
        "name": HIDDEN_NAME,
        "flags": OBFUSCATED,
        "permission_overwrites": serialize_overwrites({guild.guild_id: deny}),
    }


def is_seen(guild: Guild, channel_id: str) -> bool:
    return permissions.sees(guild.state, guild.bot_id, channel_id)


@contextmanager
def emit_changes(guild: Guild, channel_id: str) -> Iterator[None]:
    """Report how a channel, and a category's channels, have changed within the block."""
    before = serialize_family(guild, channel_id)
    yield
    for changed_id, sent in serialize_family(guild, channel_id).items():
        if sent != before.get(changed_id):
            guild.emit("CHANNEL_UPDATE", sent)


def serialize_family(guild: Guild, channel_id: str) -> dict[str, dict[str, Any]]:
    return {
        channel["id"]: serialize_for_gateway(guild, channel)
        for channel in guild.state["channels"].values()
        if channel_id in (channel["id"], channel["parent_id"])
    }
