"""Messages in guild channels and in direct messages."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import components, directs, fields, journal, members, mentions, permissions
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import refuse, unsupported
from discordsync.sandbox.journal import Action
from discordsync.sandbox.permissions import CATEGORY, Bit
from discordsync.sandbox.world import World

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
    """At most 25 characters, or a whole number."""
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


def list_messages(world: World, call: Call) -> Answer:
    """Newest first. Without READ_MESSAGE_HISTORY the list is empty, which is no error."""
    channel_id = readable_channel(world, call)
    if not may(world, call.actor, channel_id, Bit.READ_MESSAGE_HISTORY):
        return 200, []
    found = page(world.state["messages"][channel_id], call)
    return 200, [present(world, message, reader=call.actor) for message in found]


def page(held: Mapping[str, dict[str, Any]], call: Call) -> list[dict[str, Any]]:
    """The asked-for messages: the newest, or those next before, after or around an id."""
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


def get_message(world: World, call: Call) -> Answer:
    channel_id = readable_channel(world, call)
    if not may(world, call.actor, channel_id, Bit.READ_MESSAGE_HISTORY):
        raise refuse("missing_access")
    message = find(world, channel_id, call.ids["message_id"])
    return 200, present(world, message, reader=call.actor)


def create_message(world: World, call: Call) -> Answer:
    channel_id = readable_channel(world, call)
    require_writable(world, call.actor, channel_id)
    body = read(call)
    if not body.get("content"):
        raise refuse("empty_message")
    twin = sent_before(world, call.actor, body)
    if twin is not None:
        return 200, present(world, twin, reader=call.actor, nonce=body["nonce"])
    message = draft(world, call.actor, channel_id, body)
    remember_nonce(world, message, body.get("nonce"))
    keep(world, message, nonce=body.get("nonce"))
    return 200, present(world, message, reader=call.actor, nonce=body.get("nonce"))


def draft(world: World, author_id: str, channel_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A message of checked fields, as it will be stored."""
    content = body.get("content") or ""
    return {
        "id": world.new_id(),
        "channel_id": channel_id,
        "author_id": author_id,
        "content": content,
        "components": body.get("components") or [],
        "sent_at": world.timestamp(),
        "edited_at": None,
        "flags": body.get("flags") or 0,
        **resolve(world, author_id, channel_id, {**body, "content": content}),
    }


def keep(world: World, message: dict[str, Any], *, nonce: str | None = None) -> None:
    """The message stands in its channel from now on, and the bot hears of it."""
    channel_id = message["channel_id"]
    world.state["messages"][channel_id][message["id"]] = message
    if channel_id in world.state["channels"]:
        world.state["channels"][channel_id]["last_message_id"] = message["id"]
    tell(world, "MESSAGE_CREATE", message, nonce=nonce)


def edit_message(world: World, call: Call) -> Answer:
    channel_id = readable_channel(world, call)
    message = find(world, channel_id, call.ids["message_id"])
    if message["author_id"] != call.actor:
        raise refuse("wrong_author")
    revise(world, message, read(call))
    tell(world, "MESSAGE_UPDATE", message)
    return 200, present(world, message, reader=call.actor)


def revise(world: World, message: dict[str, Any], body: Mapping[str, Any]) -> None:
    """Change what the checked fields name; text must remain."""
    if "content" in body:
        if not body["content"]:
            raise refuse("empty_message")
        message["content"] = body["content"]
        resolved = resolve(world, message["author_id"], message["channel_id"], body)
        message.update(resolved, edited_at=world.timestamp())
    if "components" in body:
        message.update(components=body["components"], edited_at=world.timestamp())
    if body.get("flags") is not None:
        message["flags"] = body["flags"]


def delete_message(world: World, call: Call) -> Answer:
    channel_id = readable_channel(world, call)
    message = find(world, channel_id, call.ids["message_id"])
    if message["author_id"] != call.actor:
        if channel_id in world.state["dms"]:
            raise refuse("missing_permissions")
        world.require_in_channel(call.actor, channel_id, Bit.MANAGE_MESSAGES)
        journal.write(world, call, Action.MESSAGE_DELETE, message["author_id"], {})
    remove(world, channel_id, message["id"])
    return 204, None


def remove(world: World, channel_id: str, message_id: str) -> None:
    del world.state["messages"][channel_id][message_id]
    if is_heard(world, channel_id):
        gone = {"id": message_id, "channel_id": channel_id}
        world.tell("MESSAGE_DELETE", gone | place(world, channel_id))


def tell(world: World, event: str, message: Mapping[str, Any], *, nonce: str | None = None) -> None:
    """Tell the bot of a message, if it can see where that stands."""
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
    """What events of messages add where they stand in the guild."""
    return {"guild_id": world.guild_id} if channel_id in world.state["channels"] else {}


def read(call: Call) -> dict[str, Any]:
    for name in UNSERVED:
        if call.body.get(name):
            raise unsupported(f"messages with {name}")
    return settable(fields.read_body(call.body, CHECKS))


def settable(given: dict[str, Any], *, more: int = 0) -> dict[str, Any]:
    """The checked fields with only those flags that a bot may set; `more` may be set as well."""
    flags = given.get("flags")
    if flags is None:
        return given
    if flags & COMPONENTS_V2:
        raise unsupported("messages of components alone")
    return {**given, "flags": flags & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | more)}


def readable_channel(world: World, call: Call) -> str:
    """The id of the channel, which the actor must see; a category holds no messages."""
    channel_id = call.ids["channel_id"]
    if channel_id not in world.state["dms"]:
        channel = world.channel(channel_id)
        world.require_in_channel(call.actor, channel_id, Bit.VIEW_CHANNEL)
        if channel["type"] == CATEGORY:
            raise refuse("not_a_text_channel")
    return channel_id


def require_writable(world: World, actor: str, channel_id: str) -> None:
    if channel_id in world.state["dms"]:
        directs.require_open(world, channel_id)
    else:
        world.require_in_channel(actor, channel_id, Bit.SEND_MESSAGES)


def may(world: World, actor: str, channel_id: str, bit: int) -> bool:
    if channel_id in world.state["dms"]:
        return True
    return bool(permissions.effective(world.state, actor, channel_id) & bit)


def find(world: World, channel_id: str, message_id: str) -> dict[str, Any]:
    message: dict[str, Any] | None = world.state["messages"][channel_id].get(message_id)
    if message is None:
        raise refuse("unknown_message")
    return message


def resolve(world: World, actor: str, channel_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return mentions.resolve(
        world,
        body["content"],
        body.get("allowed_mentions"),
        may_mention_all=channel_id not in world.state["dms"]
        and may(world, actor, channel_id, Bit.MENTION_EVERYONE),
    )


def sent_before(world: World, actor: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The author's message with this nonce of the past few minutes, if the request asks for it.

    Refuses with Unknown Message when it was sent and then deleted.
    """
    if not body.get("enforce_nonce") or not body.get("nonce"):
        return None
    for sent in world.state["nonces"]:
        if (sent["author_id"], sent["nonce"]) == (actor, body["nonce"]):
            held = world.state["messages"].get(sent["channel_id"], {})
            if sent["message_id"] not in held:
                raise refuse("unknown_message")
            return dict(held[sent["message_id"]])
    return None


def remember_nonce(world: World, message: Mapping[str, Any], nonce: str | None) -> None:
    if nonce:
        world.state["nonces"].append(
            {
                "author_id": message["author_id"],
                "nonce": nonce,
                "channel_id": message["channel_id"],
                "message_id": message["id"],
                "at": message["sent_at"],
            }
        )


def forget_old_nonces(world: World) -> None:
    since = world.ago(minutes=world.setting("nonce_minutes"))
    world.state["nonces"] = [sent for sent in world.state["nonces"] if sent["at"] > since]


def present(
    world: World, message: Mapping[str, Any], *, reader: str, nonce: str | None = None
) -> dict[str, Any]:
    """The message in Discord's form; only the answer to its creation carries the nonce."""
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
    """The interaction that a message answers: {id, type, user_id, owners, message_id, before}."""
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
    """Other people's words reach a bot only with the privileged message-content intent.

    Direct messages and those that mention the bot are excepted.
    """
    return (
        reader != world.bot_id
        or message["author_id"] == reader
        or reader in message["mentions"]
        or message["channel_id"] in world.state["dms"]
        or bool(world.setting("message_content_intent"))
    )


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}/messages", list_messages),
    ("POST", "/channels/{channel_id}/messages", create_message),
    ("GET", "/channels/{channel_id}/messages/{message_id}", get_message),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", edit_message),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", delete_message),
]
