"""Messages in Discord's format, and reports of them to a bot that can see their channel."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox.guild_state import World
from discordsync.sandbox.members import members, permissions


def tell(world: World, event: str, message: Mapping[str, Any], *, nonce: str | None = None) -> None:
    """Report a message to the bot, if it can see the channel."""
    channel_id, author_id = message["channel_id"], message["author_id"]
    if not is_heard(world, channel_id):
        return
    told = present(world, message, reader=world.bot_id, nonce=nonce) | place(world, channel_id)
    if "guild_id" in told and author_id in world.state["members"]:
        member = members.present(world, author_id)
        told["member"] = {name: value for name, value in member.items() if name != "user"}
    world.tell(event, told)


def is_heard(world: World, channel_id: str) -> bool:
    in_guild = channel_id in world.state["channels"]
    return not in_guild or permissions.sees(world.state, world.bot_id, channel_id)


def place(world: World, channel_id: str) -> dict[str, str]:
    """Return what message events contain only for a message in the guild."""
    return {"guild_id": world.guild_id} if channel_id in world.state["channels"] else {}


def present(
    world: World, message: Mapping[str, Any], *, reader: str, nonce: str | None = None
) -> dict[str, Any]:
    """Return the message in Discord's format; only the answer to its creation has the nonce."""
    readable = may_read(world, reader, message)
    shown = {
        "id": message["id"],
        "channel_id": message["channel_id"],
        "type": message.get("type", 0),
        "author": members.present_user(world, message["author_id"]),
        "content": message["content"] if readable else "",
        "timestamp": message["sent_at"],
        "edited_timestamp": message["edited_at"],
        "mentions": [members.present_user(world, user_id) for user_id in message["mentions"]],
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
        application_id = world.state["application_id"]
        shown |= {"application_id": application_id, "webhook_id": application_id}
        shown["interaction_metadata"] = present_cause(world, message["answers"])
    if nonce:
        shown["nonce"] = nonce
    return shown


def present_cause(world: World, cause: Mapping[str, Any]) -> dict[str, Any]:
    """Return the interaction that a message answers, in Discord's format."""
    shown = {
        "id": cause["id"],
        "type": cause["type"],
        "user": members.present_user(world, cause["user_id"]),
        "authorizing_integration_owners": cause["owners"],
    }
    if cause["message_id"]:
        shown["interacted_message_id"] = cause["message_id"]
    if cause["before"]:
        shown["triggering_interaction_metadata"] = present_cause(world, cause["before"])
    return shown


def may_read(world: World, reader: str, message: Mapping[str, Any]) -> bool:
    """Return whether the reader sees the text of a message.

    A bot needs the privileged message-content intent for messages of other people, except direct
    messages and those that mention the bot.
    """
    return (
        reader != world.bot_id
        or message["author_id"] == reader
        or reader in message["mentions"]
        or message["channel_id"] in world.state["dms"]
        or bool(world.setting("message_content_intent"))
    )
