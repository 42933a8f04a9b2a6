"""Messages that answer an interaction: in the channel, or ephemeral (visible to one person only).

They need no permission in the channel; a command is answered where it was used.
"""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.errors import Refusal, refuse, unsupported
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions import record
from discordsync.sandbox.interactions.payloads import owners
from discordsync.sandbox.interactions.record import COMMAND, EPHEMERAL, LOADING
from discordsync.sandbox.messages import components, dms, mentions, messages, serializers

UNSERVED = ("attachments", "embeds", "poll", "tts")
COMMAND_ANSWER, REPLY = 20, 19

CHECKS: dict[str, fields.Check] = {
    "content": fields.nullable(fields.text(0, 2000)),
    "allowed_mentions": mentions.read_allowed,
    "components": components.read_components,
    "flags": fields.nullable(fields.whole(0, 2**31 - 1)),
}


def read(body: Mapping[str, Any], *, at: str = "") -> dict[str, Any]:
    """Return the checked fields of a message; errors are reported at paths below `at`."""
    for name in UNSERVED:
        if body.get(name):
            raise unsupported(f"messages with {name}")
    given = fields.read_body(body, CHECKS, at=at)
    return messages.settable({**given, "flags": given.get("flags") or 0}, more=EPHEMERAL)


def make(
    guild: Guild,
    interaction: dict[str, Any],
    given: Mapping[str, Any],
    *,
    loading: bool = False,
) -> dict[str, Any]:
    """Create a message of this interaction; one that is loading has no text yet."""
    if not loading and not given.get("content"):
        raise refuse("empty_message")
    message = messages.new_message(guild, guild.bot_id, interaction["channel_id"], given)
    message |= {
        "type": COMMAND_ANSWER if interaction["type"] == COMMAND else REPLY,
        "flags": message["flags"] | (LOADING if loading else 0),
        "answers": cause(guild, interaction),
    }
    interaction["messages"].append(message["id"])
    if message["flags"] & EPHEMERAL:
        interaction["hidden"][message["id"]] = message
    else:
        messages.store(guild, message)
    return message


def cause(guild: Guild, interaction: Mapping[str, Any]) -> dict[str, Any]:
    """Return the interaction that a message answers, and the one that showed its form, if any."""
    before = guild.state["interactions"].get(interaction["form_of"])
    return {
        "id": interaction["id"],
        "type": interaction["type"],
        "user_id": interaction["user_id"],
        "owners": owners(guild, interaction),
        "message_id": None if before else interaction["message_id"],
        "before": cause(guild, before) if before else None,
    }


def change(guild: Guild, message: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Edit a message of an interaction.  Whether it is ephemeral cannot be changed."""
    if message["flags"] & LOADING and not given.get("content"):
        raise refuse("empty_message")
    changes = {name: value for name, value in given.items() if name != "flags"}
    messages.change(guild, message, changes)
    if message["flags"] & LOADING:
        message["flags"] &= ~LOADING
        message["edited_at"] = None
    if not message["flags"] & EPHEMERAL:
        serializers.emit(guild, "MESSAGE_UPDATE", message)


def remove(guild: Guild, interaction: dict[str, Any], message: Mapping[str, Any]) -> None:
    if message["flags"] & EPHEMERAL:
        for each in guild.state["interactions"].values():
            each["hidden"].pop(message["id"], None)
    else:
        messages.remove(guild, interaction["channel_id"], message["id"])


def find(guild: Guild, interaction: dict[str, Any], message_id: str | None) -> dict[str, Any]:
    """Return one of this interaction's own messages, or the pressed message once it was updated."""
    own = [*interaction["messages"], interaction["original_id"]]
    message = record.message_of(guild, interaction, message_id) if message_id in own else None
    if message is None:
        raise refuse("unknown_message")
    return message


def serialize(guild: Guild, message: Mapping[str, Any]) -> dict[str, Any]:
    return serializers.serialize(guild, message, reader=guild.bot_id)


def require_reachable(guild: Guild, interaction: Mapping[str, Any]) -> None:
    """Refuse if the channel was deleted, or if the person no longer accepts direct messages."""
    channel_id = interaction["channel_id"]
    if channel_id in guild.state["dms"]:
        dms.require_open(guild, channel_id)
    elif channel_id not in guild.state["channels"]:
        raise Refusal(404, 10003, "Unknown Channel")
