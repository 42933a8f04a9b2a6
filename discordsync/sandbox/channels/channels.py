"""Guild channels: text, voice and categories."""

import re
from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import audit_log, events, fields, permissions
from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.channels import overwrites
from discordsync.sandbox.channels.serializers import (
    emit_changes,
    is_seen,
    serialize,
    serialize_for_gateway,
)
from discordsync.sandbox.errors import form_error, refuse, unsupported
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import voice
from discordsync.sandbox.messages import dms
from discordsync.sandbox.permissions import CATEGORY, VOICE, Bit

# Removed from the names of text channels.
DROPPED = re.compile(r"[!\"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~]")
TEXT = 0
SERVED_TYPES = {TEXT, VOICE, CATEGORY}
DISCORD_TYPES = (0, 2, 4, 5, 13, 14, 15)
IN_GUILD = 500
IN_CATEGORY = 50
CATEGORIES = 50  # of the channels of a guild

CHECKS: dict[str, fields.Check] = {
    "type": fields.nullable(fields.choice(*DISCORD_TYPES)),
    "name": fields.text(1, 100),
    "position": fields.nullable(fields.whole(0, 2**31 - 1)),
    "parent_id": fields.nullable(fields.snowflake),
    "permission_overwrites": overwrites.read_overwrites,
    "topic": fields.nullable(fields.text(0, 1024)),
    "nsfw": fields.nullable(fields.flag),
    "rate_limit_per_user": fields.nullable(fields.whole(0, 21600)),
    "bitrate": fields.nullable(fields.whole(8000, 96000)),
    "user_limit": fields.nullable(fields.whole(0, 99)),
}
KEPT = {
    TEXT: ("topic", "nsfw", "rate_limit_per_user"),
    VOICE: ("nsfw", "bitrate", "user_limit"),
    CATEGORY: (),
}
DEFAULTS = {
    "topic": None,
    "nsfw": False,
    "rate_limit_per_user": 0,
    "bitrate": 64000,
    "user_limit": 0,
}


def list_channels(guild: Guild, call: Call) -> Answer:
    """List only the channels that the actor can see.  Others may exist all the same."""
    return 200, [
        serialize(guild, channel)
        for channel in guild.state["channels"].values()
        if guild.setting("hidden_listed")
        or permissions.sees(guild.state, call.actor, channel["id"])
    ]


def get_channel(guild: Guild, call: Call) -> Answer:
    if call.ids["channel_id"] in guild.state["dms"]:
        return 200, dms.serialize(guild, call.ids["channel_id"])
    channel = guild.channel(call.ids["channel_id"])
    guild.require_in_channel(call.actor, channel["id"], 0)
    return 200, serialize(guild, channel)


def create_channel(guild: Guild, call: Call) -> Answer:
    body = fields.read_body(call.body, CHECKS, required=("name",))
    kind = body.get("type") or TEXT
    if kind not in SERVED_TYPES:
        raise unsupported(f"channels of type {kind}")
    guild.require_in_guild(call.actor, Bit.MANAGE_CHANNELS)
    parent = check_parent(guild, call.actor, kind, body.get("parent_id"))
    body["name"] = check_name(kind, body["name"])
    given = overwrites_at_birth(guild, call.actor, parent, body.get("permission_overwrites"))
    check_room(guild, kind)
    channel = new_channel(guild, kind, body, given)
    guild.state["channels"][channel["id"]] = channel
    guild.state["messages"][channel["id"]] = {}
    guild.emit("CHANNEL_CREATE", serialize_for_gateway(guild, channel))
    audit_log.write(guild, call, Action.CHANNEL_CREATE, channel["id"], {"name": channel["name"]})
    return 201, serialize(guild, channel)


def check_room(guild: Guild, kind: int) -> None:
    """Check the guild's limits.  Channels that the bot cannot see count as well."""
    kinds = [
        channel["type"]
        for channel in guild.state["channels"].values()
        if guild.setting("hidden_counted") or is_seen(guild, channel["id"])
    ]
    full = kind == CATEGORY and kinds.count(CATEGORY) >= CATEGORIES
    if full or len(kinds) >= IN_GUILD:
        raise refuse("too_many_channels")


def new_channel(
    guild: Guild, kind: int, body: Mapping[str, Any], given: overwrites.Overwrites
) -> dict[str, Any]:
    """Return a channel as it is stored, from checked fields."""
    position = body.get("position")
    return {
        "id": guild.new_id(),
        "type": kind,
        "name": body["name"],
        "parent_id": body.get("parent_id"),
        "position": next_position(guild, kind) if position is None else position,
        "overwrites": given,
        "last_message_id": None,
        **{name: value_or_default(body, name) for name in KEPT[kind]},
    }


def edit_channel(guild: Guild, call: Call) -> Answer:
    channel = guild.channel(call.ids["channel_id"])
    guild.require_in_channel(call.actor, channel["id"], Bit.MANAGE_CHANNELS)
    changes = check_changes(guild, call, channel)
    with emit_changes(guild, channel["id"]):
        apply_changes(guild, channel, changes)
    logged = {name: value for name, value in changes.items() if name != "overwrites"}
    audit_log.write(guild, call, Action.CHANNEL_UPDATE, channel["id"], logged)
    return 200, serialize(guild, channel)


def check_changes(guild: Guild, call: Call, channel: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that an edit changes, each as it is stored."""
    body = fields.read_body(call.body, CHECKS)
    if body.get("type", channel["type"]) not in (None, channel["type"]):
        raise unsupported("changes of a channel's type")
    changes = {name: value_or_default(body, name) for name in KEPT[channel["type"]] if name in body}
    if "name" in body:
        changes["name"] = check_name(channel["type"], body["name"])
    if body.get("position") is not None:
        changes["position"] = body["position"]
    if "parent_id" in body and body["parent_id"] != channel["parent_id"]:
        check_parent(guild, call.actor, channel["type"], body["parent_id"])
        changes["parent_id"] = body["parent_id"]
    if body.get("permission_overwrites") is not None:
        changes["overwrites"] = check_new_overwrites(
            guild, call.actor, channel, body["permission_overwrites"]
        )
    return changes


def check_new_overwrites(
    guild: Guild, actor: str, channel: dict[str, Any], items: list[dict[str, Any]]
) -> overwrites.Overwrites:
    guild.require_in_channel(actor, channel["id"], Bit.MANAGE_ROLES)
    given = overwrites.keyed(items)
    overwrites.check_settable(guild, actor, channel, given, existing=channel["overwrites"])
    return given


def apply_changes(guild: Guild, channel: dict[str, Any], changes: dict[str, Any]) -> None:
    if "overwrites" in changes:
        overwrites.set_all(guild, channel, changes["overwrites"])
    channel.update(changes)


def delete_channel(guild: Guild, call: Call) -> Answer:
    if call.ids["channel_id"] in guild.state["dms"]:
        return 200, dms.serialize(guild, call.ids["channel_id"])
    channel = guild.channel(call.ids["channel_id"])
    guild.require_in_channel(call.actor, channel["id"], Bit.MANAGE_CHANNELS)
    shown = serialize(guild, channel)
    remove(guild, channel["id"])
    audit_log.write(guild, call, Action.CHANNEL_DELETE, channel["id"], {})
    return 200, shown


def remove(guild: Guild, channel_id: str) -> None:
    """Delete a channel with its messages and events; a category's channels remain."""
    voice.empty(guild, channel_id)
    events.remove_in_channel(guild, channel_id)
    last = serialize_for_gateway(guild, guild.channel(channel_id))
    del guild.state["channels"][channel_id]
    guild.state["messages"].pop(channel_id, None)
    guild.emit("CHANNEL_DELETE", last)
    orphan(guild, channel_id)


def orphan(guild: Guild, category_id: str) -> None:
    for channel in guild.state["channels"].values():
        if channel["parent_id"] == category_id:
            with emit_changes(guild, channel["id"]):
                channel["parent_id"] = None


def check_parent(
    guild: Guild, actor: str, kind: int, parent_id: str | None
) -> dict[str, Any] | None:
    """Return the category for a channel; it must be one, have room, and be manageable."""
    if parent_id is None:
        return None
    parent: dict[str, Any] | None = guild.state["channels"].get(parent_id)
    if parent is None:
        raise form_error({"parent_id": ("CHANNEL_PARENT_INVALID", "Category does not exist")})
    if parent["type"] != CATEGORY or kind == CATEGORY:
        raise form_error({"parent_id": ("CHANNEL_PARENT_INVALID_TYPE", "Not a category")})
    guild.require_in_channel(actor, parent_id, Bit.VIEW_CHANNEL | Bit.MANAGE_CHANNELS)
    siblings = [c for c in guild.state["channels"].values() if c["parent_id"] == parent_id]
    if len(siblings) >= IN_CATEGORY:
        sentence = f"Maximum number of channels in category reached ({IN_CATEGORY})"
        raise form_error({"parent_id": ("CHANNEL_PARENT_MAX_CHANNELS", sentence)})
    return parent


def text_channel_name(name: str) -> str:
    """Return a name as Discord stores it: lower case, blanks as dashes, no punctuation."""
    name = re.sub(r"\s+", "-", name.strip().lower())
    return re.sub(r"-{2,}", "-", DROPPED.sub("", name)).strip("-")


def check_name(kind: int, name: str) -> str:
    """Return the name as Discord stores it; one that is only punctuation is refused."""
    written = text_channel_name(name) if kind == TEXT else name
    if not written:
        raise form_error({"name": fields.REQUIRED})
    return written


def overwrites_at_birth(
    guild: Guild,
    actor: str,
    parent: dict[str, Any] | None,
    items: list[dict[str, Any]] | None,
) -> overwrites.Overwrites:
    """Return the overwrites that were sent or, if there are none, a copy of the category's."""
    copied = {target: dict(o) for target, o in parent["overwrites"].items()} if parent else {}
    given = overwrites.keyed(items) or copied
    overwrites.check_overwrites(
        guild, actor, given, settable=guild.guild_bits(actor), existing=copied
    )
    return given


def next_position(guild: Guild, kind: int) -> int:
    """Return the next position; text channels, voice channels and categories count separately."""
    same = [c["position"] for c in guild.state["channels"].values() if c["type"] == kind]
    return max(same, default=-1) + 1


def value_or_default(body: Mapping[str, Any], name: str) -> Any:
    value = body.get(name)
    return DEFAULTS[name] if value is None or value == "" else value


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}/channels", list_channels),
    ("POST", "/guilds/{guild_id}/channels", create_channel),
    ("GET", "/channels/{channel_id}", get_channel),
    ("PATCH", "/channels/{channel_id}", edit_channel),
    ("DELETE", "/channels/{channel_id}", delete_channel),
]
