"""Messages in guild channels and in direct messages."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import audit_log, fields, permissions
from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import refuse, unsupported
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.messages import components, dms, mentions
from discordsync.sandbox.messages.nonces import find_sent, store_nonce
from discordsync.sandbox.messages.serializers import emit, guild_field, is_visible_to_bot, serialize
from discordsync.sandbox.permissions import CATEGORY, Bit

SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 2, 1 << 12, 1 << 15
UNSERVED = (
    "attachments",
    "embeds",
    "message_reference",
    "poll",
    "sticker_ids",
    "tts",
)


def read_nonce(value: Any) -> str:
    """Check a nonce: at most 25 characters, or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return str(fields.text(0, 25)(value))


CHECKS: dict[str, fields.Check] = {
    "content": fields.nullable(fields.text(0, 2000)),
    "allowed_mentions": mentions.read_allowed,
    "components": components.read_components,
    "flags": fields.nullable(fields.whole(0, 2**31 - 1)),
    "nonce": fields.nullable(read_nonce),
    "enforce_nonce": fields.nullable(fields.flag),
}


def list_messages(guild: Guild, call: Call) -> Answer:
    """List messages, newest first.  Without READ_MESSAGE_HISTORY the list is empty, no error."""
    channel_id = readable_channel(guild, call)
    if not may(guild, call.actor, channel_id, Bit.READ_MESSAGE_HISTORY):
        return 200, []
    found = page(guild.state["messages"][channel_id], call)
    return 200, [serialize(guild, message, reader=call.actor) for message in found]


def page(held: Mapping[str, dict[str, Any]], call: Call) -> list[dict[str, Any]]:
    """Return the newest messages, or those next before, after or around an id."""
    limit = call.number("limit", 50, 100)
    ids = sorted(map(int, held))
    before, after, around = (call.snowflake(name) for name in ("before", "after", "around"))
    if around is not None:
        older = [i for i in ids if i <= int(around)][-(limit // 2 + 1) :]
        ids = older + [i for i in ids if i > int(around)][: limit - len(older)]
    elif after is not None:
        ids = [i for i in ids if i > int(after)][:limit]
    elif before is not None:
        ids = [i for i in ids if i < int(before)]
    return [held[str(i)] for i in reversed(ids[-limit:])]


def get_message(guild: Guild, call: Call) -> Answer:
    channel_id = readable_channel(guild, call)
    if not may(guild, call.actor, channel_id, Bit.READ_MESSAGE_HISTORY):
        raise refuse("missing_access")
    message = find(guild, channel_id, call.ids["message_id"])
    return 200, serialize(guild, message, reader=call.actor)


def create_message(guild: Guild, call: Call) -> Answer:
    channel_id = readable_channel(guild, call)
    require_writable(guild, call.actor, channel_id)
    body = read(call)
    if not body.get("content"):
        raise refuse("empty_message")
    twin = find_sent(guild, call.actor, body)
    if twin is not None:
        return 200, serialize(guild, twin, reader=call.actor, nonce=body["nonce"])
    message = new_message(guild, call.actor, channel_id, body)
    store_nonce(guild, message, body.get("nonce"))
    store(guild, message, nonce=body.get("nonce"))
    return 200, serialize(guild, message, reader=call.actor, nonce=body.get("nonce"))


def new_message(
    guild: Guild, author_id: str, channel_id: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a message as it is stored, from checked fields."""
    content = body.get("content") or ""
    return {
        "id": guild.new_id(),
        "channel_id": channel_id,
        "author_id": author_id,
        "content": content,
        "components": body.get("components") or [],
        "sent_at": guild.timestamp(),
        "edited_at": None,
        "flags": body.get("flags") or 0,
        **resolve(guild, author_id, channel_id, {**body, "content": content}),
    }


def store(guild: Guild, message: dict[str, Any], *, nonce: str | None = None) -> None:
    """Store a message in its channel and report it to the bot."""
    channel_id = message["channel_id"]
    guild.state["messages"][channel_id][message["id"]] = message
    if channel_id in guild.state["channels"]:
        guild.state["channels"][channel_id]["last_message_id"] = message["id"]
    emit(guild, "MESSAGE_CREATE", message, nonce=nonce)


def edit_message(guild: Guild, call: Call) -> Answer:
    channel_id = readable_channel(guild, call)
    message = find(guild, channel_id, call.ids["message_id"])
    if message["author_id"] != call.actor:
        raise refuse("wrong_author")
    change(guild, message, read(call))
    emit(guild, "MESSAGE_UPDATE", message)
    return 200, serialize(guild, message, reader=call.actor)


def change(guild: Guild, message: dict[str, Any], body: Mapping[str, Any]) -> None:
    """Change the given fields of a message; its text must not become empty."""
    if "content" in body:
        if not body["content"]:
            raise refuse("empty_message")
        message["content"] = body["content"]
        resolved = resolve(guild, message["author_id"], message["channel_id"], body)
        message.update(resolved, edited_at=guild.timestamp())
    if "components" in body:
        message.update(components=body["components"], edited_at=guild.timestamp())
    if body.get("flags") is not None:
        message["flags"] = body["flags"]


def delete_message(guild: Guild, call: Call) -> Answer:
    channel_id = readable_channel(guild, call)
    message = find(guild, channel_id, call.ids["message_id"])
    if message["author_id"] != call.actor:
        if channel_id in guild.state["dms"]:
            raise refuse("missing_permissions")
        guild.require_in_channel(call.actor, channel_id, Bit.MANAGE_MESSAGES)
        audit_log.write(guild, call, Action.MESSAGE_DELETE, message["author_id"], {})
    remove(guild, channel_id, message["id"])
    return 204, None


def remove(guild: Guild, channel_id: str, message_id: str) -> None:
    del guild.state["messages"][channel_id][message_id]
    if is_visible_to_bot(guild, channel_id):
        gone = {"id": message_id, "channel_id": channel_id}
        guild.emit("MESSAGE_DELETE", gone | guild_field(guild, channel_id))


def read(call: Call) -> dict[str, Any]:
    for name in UNSERVED:
        if call.body.get(name):
            raise unsupported(f"messages with {name}")
    return settable(fields.read_body(call.body, CHECKS))


def settable(given: dict[str, Any], *, more: int = 0) -> dict[str, Any]:
    """Return the fields with only those flags that a bot may set, plus those in `more`."""
    flags = given.get("flags")
    if flags is None:
        return given
    if flags & COMPONENTS_V2:
        raise unsupported("messages that have only components")
    return {**given, "flags": flags & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | more)}


def readable_channel(guild: Guild, call: Call) -> str:
    """Return the channel's id if the actor can see it and it is not a category."""
    channel_id = call.ids["channel_id"]
    if channel_id not in guild.state["dms"]:
        channel = guild.channel(channel_id)
        guild.require_in_channel(call.actor, channel_id, Bit.VIEW_CHANNEL)
        if channel["type"] == CATEGORY:
            raise refuse("not_a_text_channel")
    return channel_id


def require_writable(guild: Guild, actor: str, channel_id: str) -> None:
    if channel_id in guild.state["dms"]:
        dms.require_open(guild, channel_id)
    else:
        guild.require_in_channel(actor, channel_id, Bit.SEND_MESSAGES)


def may(guild: Guild, actor: str, channel_id: str, bit: int) -> bool:
    if channel_id in guild.state["dms"]:
        return True
    return bool(permissions.effective(guild.state, actor, channel_id) & bit)


def find(guild: Guild, channel_id: str, message_id: str) -> dict[str, Any]:
    message: dict[str, Any] | None = guild.state["messages"][channel_id].get(message_id)
    if message is None:
        raise refuse("unknown_message")
    return message


def resolve(guild: Guild, actor: str, channel_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return mentions.resolve(
        guild,
        body["content"],
        body.get("allowed_mentions"),
        may_mention_all=channel_id not in guild.state["dms"]
        and may(guild, actor, channel_id, Bit.MENTION_EVERYONE),
    )


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}/messages", list_messages),
    ("POST", "/channels/{channel_id}/messages", create_message),
    ("GET", "/channels/{channel_id}/messages/{message_id}", get_message),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", edit_message),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", delete_message),
]
