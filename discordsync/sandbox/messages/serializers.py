"""Messages in Discord's format, and reports of them to a bot that can see their channel."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import permissions
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members


def emit(guild: Guild, event: str, message: Mapping[str, Any], *, nonce: str | None = None) -> None:
    """Report a message to the bot, if it can see the channel."""
    channel_id, author_id = message["channel_id"], message["author_id"]
    if not is_visible_to_bot(guild, channel_id):
        return
    data = serialize(guild, message, reader=guild.bot_id, nonce=nonce) | guild_field(
        guild, channel_id
    )
    if "guild_id" in data and author_id in guild.state["members"]:
        member = members.serialize(guild, author_id)
        data["member"] = {name: value for name, value in member.items() if name != "user"}
    guild.emit(event, data)


def is_visible_to_bot(guild: Guild, channel_id: str) -> bool:
    in_guild = channel_id in guild.state["channels"]
    return not in_guild or permissions.sees(guild.state, guild.bot_id, channel_id)


def guild_field(guild: Guild, channel_id: str) -> dict[str, str]:
    """Return what message events contain only for a message in the guild."""
    return {"guild_id": guild.guild_id} if channel_id in guild.state["channels"] else {}


def serialize(
    guild: Guild, message: Mapping[str, Any], *, reader: str, nonce: str | None = None
) -> dict[str, Any]:
    """Return the message in Discord's format; only the answer to its creation has the nonce."""
    readable = may_read(guild, reader, message)
    shown = {
        "id": message["id"],
        "channel_id": message["channel_id"],
        "type": message.get("type", 0),
        "author": members.serialize_user(guild, message["author_id"]),
        "content": message["content"] if readable else "",
        "timestamp": message["sent_at"],
        "edited_timestamp": message["edited_at"],
        "mentions": [members.serialize_user(guild, user_id) for user_id in message["mentions"]],
        "mention_roles": list(message["mention_roles"]),
        "mention_everyone": message["mention_everyone"],
        "flags": message["flags"],
        "tts": False,
        "pinned": False,
        "attachments": [],
        "embeds": [],
        "components": message.get("components", []) if readable else [],
    }
    if "answers" in message:
        application_id = guild.state["application_id"]
        shown |= {"application_id": application_id, "webhook_id": application_id}
        shown["interaction_metadata"] = serialize_interaction(guild, message["answers"])
    if nonce:
        shown["nonce"] = nonce
    return shown


def serialize_interaction(guild: Guild, cause: Mapping[str, Any]) -> dict[str, Any]:
    """Return the interaction that a message answers, in Discord's format."""
    shown = {
        "id": cause["id"],
        "type": cause["type"],
        "user": members.serialize_user(guild, cause["user_id"]),
        "authorizing_integration_owners": cause["owners"],
    }
    if cause["message_id"]:
        shown["interacted_message_id"] = cause["message_id"]
    if cause["before"]:
        shown["triggering_interaction_metadata"] = serialize_interaction(guild, cause["before"])
    return shown


def may_read(guild: Guild, reader: str, message: Mapping[str, Any]) -> bool:
    """Return whether the reader sees the text of a message.

    A bot needs the privileged message-content intent for messages of other people, except direct
    messages and those that mention the bot.
    """
    return (
        reader != guild.bot_id
        or message["author_id"] == reader
        or reader in message["mentions"]
        or message["channel_id"] in guild.state["dms"]
        or bool(guild.setting("message_content_intent"))
    )
