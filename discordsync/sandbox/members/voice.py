"""Voice states of the guild: {user id: {channel_id, self_mute, self_deaf, session_id}}."""

import secrets
from collections.abc import Mapping
from typing import Any

from discordsync.sandbox.errors import Refusal, refuse
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members
from discordsync.sandbox.permissions import VOICE, Bit

ENTERING = Bit.VIEW_CHANNEL | Bit.CONNECT


def move(guild: Guild, user_id: str, channel_id: str | None, **muted: bool) -> None:
    """Let a member enter a voice channel, change to another, or leave (None).

    Refuses without View Channel and Connect there, and if the channel is full. As on Discord, a
    member who is in the channel stays there even if the permission is revoked afterwards.
    """
    guild.member(user_id)
    held = guild.state["voice"].get(user_id)
    if channel_id is None:
        if held is not None:
            remove(guild, user_id)
        return
    if held is None or held["channel_id"] != channel_id:
        check_entry(guild, user_id, channel_id)
    kept = held or {"session_id": secrets.token_hex(16), "self_mute": False, "self_deaf": False}
    state = {**kept, **muted, "channel_id": channel_id}
    if state != held:
        guild.state["voice"][user_id] = state
        guild.emit("VOICE_STATE_UPDATE", serialize(guild, user_id))


def check_entry(guild: Guild, user_id: str, channel_id: str) -> None:
    channel = guild.channel(channel_id)
    if channel["type"] != VOICE:
        raise refuse("wrong_channel_type")
    guild.require_in_channel(user_id, channel_id, ENTERING)
    inside = sum(state["channel_id"] == channel_id for state in guild.state["voice"].values())
    may_squeeze_in = not guild.lacks_in_channel(user_id, channel_id, Bit.MOVE_MEMBERS)
    if 0 < channel["user_limit"] <= inside and not may_squeeze_in:
        raise Refusal(403, 0, "The voice channel is full")


def remove(guild: Guild, user_id: str) -> None:
    """Remove a person from their voice channel and report it."""
    gone = guild.state["voice"].pop(user_id)
    guild.emit("VOICE_STATE_UPDATE", serialize_state(guild, user_id, {**gone, "channel_id": None}))


def empty(guild: Guild, channel_id: str) -> None:
    """Remove everyone from a voice channel that is being deleted."""
    for user_id, state in list(guild.state["voice"].items()):
        if state["channel_id"] == channel_id:
            remove(guild, user_id)


def serialize(guild: Guild, user_id: str) -> dict[str, Any]:
    """Return the voice state in Discord's format."""
    return serialize_state(guild, user_id, guild.state["voice"][user_id])


def serialize_state(guild: Guild, user_id: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "guild_id": guild.guild_id,
        "channel_id": state["channel_id"],
        "user_id": user_id,
        "member": members.serialize(guild, user_id),
        "session_id": state["session_id"],
        "deaf": False,
        "mute": False,
        "self_deaf": state["self_deaf"],
        "self_mute": state["self_mute"],
        "self_stream": False,
        "self_video": False,
        "suppress": False,
        "request_to_speak_timestamp": None,
    }
