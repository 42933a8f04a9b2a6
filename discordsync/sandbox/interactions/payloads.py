"""Build the payload of an interaction that is sent to the bot."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import permissions
from discordsync.sandbox.channels.serializers import serialize as present_channel
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions.record import COMPONENT, SUBMIT
from discordsync.sandbox.members import members
from discordsync.sandbox.messages import dms
from discordsync.sandbox.permissions import Bit

LOCALE = "en-US"
IN_GUILD, IN_DM = 0, 1
ATTACHMENT_BYTES = 10 * 1024 * 1024
BITS_IN_DM = Bit.ATTACH_FILES | Bit.EMBED_LINKS | Bit.MENTION_EVERYONE | Bit.USE_EXTERNAL_EMOJIS
PARTIAL_CHANNEL = (
    "id",
    "name",
    "type",
    "guild_id",
    "parent_id",
    "position",
    "topic",
    "nsfw",
    "flags",
    "last_message_id",
    "rate_limit_per_user",
)


def build(
    guild: Guild,
    interaction: Mapping[str, Any],
    data: Mapping[str, Any],
    message: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the payload; `data` depends on its type, `message` is the pressed one, if any."""
    payload: dict[str, Any] = {
        "id": interaction["id"],
        "application_id": guild.state["application_id"],
        "type": interaction["type"],
        "token": interaction["token"],
        "version": 1,
        "data": data,
        "locale": LOCALE,
        "channel_id": interaction["channel_id"],
        "entitlements": [],
        "authorizing_integration_owners": owners(guild, interaction),
        "attachment_size_limit": ATTACHMENT_BYTES,
    }
    if message is not None and interaction["type"] in (COMPONENT, SUBMIT):
        payload["message"] = message
    where = in_guild if interaction["in_guild"] else in_dm
    return payload | where(guild, interaction)


def owners(guild: Guild, interaction: Mapping[str, Any]) -> dict[str, str]:
    """Return who installed the bot: the guild; Discord sends "0" for direct messages."""
    return {"0": guild.guild_id if interaction["in_guild"] else "0"}


def in_guild(guild: Guild, interaction: Mapping[str, Any]) -> dict[str, Any]:
    channel_id, user_id = interaction["channel_id"], interaction["user_id"]
    bits = permissions.effective(guild.state, user_id, channel_id)
    own_bits = permissions.effective(guild.state, guild.bot_id, channel_id)
    return {
        "context": IN_GUILD,
        "guild_id": guild.guild_id,
        "guild": {"id": guild.guild_id, "locale": LOCALE, "features": []},
        "guild_locale": LOCALE,
        "channel": partial_channel(guild, user_id, channel_id),
        "member": members.serialize(guild, user_id) | {"permissions": str(bits)},
        "app_permissions": str(own_bits),
    }


def partial_channel(guild: Guild, user_id: str, channel_id: str) -> dict[str, Any]:
    shown = present_channel(guild, guild.channel(channel_id))
    bits = permissions.effective(guild.state, user_id, channel_id)
    partial = {name: shown[name] for name in PARTIAL_CHANNEL if name in shown}
    return partial | {"permissions": str(bits)}


def in_dm(guild: Guild, interaction: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "context": IN_DM,
        "channel": dms.serialize(guild, interaction["channel_id"]),
        "user": members.serialize_user(guild, interaction["user_id"]),
        "app_permissions": str(int(BITS_IN_DM)),
    }
