"""Roles of the guild. @everyone has the guild's id and position 0."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import audit_log, fields
from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import refuse, unsupported
from discordsync.sandbox.guild import Guild, new_role
from discordsync.sandbox.permissions import Bit

IN_GUILD = 250


COLOR = fields.whole(0, 0xFFFFFF)
COLORS = fields.shape({"primary_color": COLOR}, required=("primary_color",))


def read_colors(value: Any) -> int:
    """Return the colour of a `colors` record; gradients need a boosted guild, which this is not."""
    color = COLORS(value)["primary_color"]
    if value.get("secondary_color") is not None or value.get("tertiary_color") is not None:
        raise unsupported("gradient role colours")
    return int(color)


CHECKS: dict[str, fields.Check] = {
    "name": fields.nullable(fields.text(1, 100)),
    "permissions": fields.nullable(fields.whole(0)),
    "color": fields.nullable(COLOR),
    "colors": fields.nullable(read_colors),
    "hoist": fields.nullable(fields.flag),
    "mentionable": fields.nullable(fields.flag),
}


def list_roles(guild: Guild, _call: Call) -> Answer:
    return 200, serialize_all(guild)


def get_role(guild: Guild, call: Call) -> Answer:
    return 200, serialize(guild.role(call.ids["role_id"]))


def count_members(guild: Guild, _call: Call) -> Answer:
    """Return how many members each role has, without @everyone."""
    counts = {role_id: 0 for role_id in guild.state["roles"] if role_id != guild.guild_id}
    for member in guild.state["members"].values():
        for role_id in member["roles"]:
            counts[role_id] += 1
    return 200, counts


def create_role(guild: Guild, call: Call) -> Answer:
    """Create a role.  Trap: without `permissions`, it gets those of @everyone, as on Discord."""
    changes = check_changes(guild, call)
    if len(guild.state["roles"]) >= IN_GUILD:
        raise refuse("too_many_roles")
    everyone = guild.state["roles"][guild.guild_id]
    copied = everyone["permissions"] if guild.setting("new_role_copies_everyone") else 0
    role = new_role(guild.new_id(), name="new role", permissions=copied, position=1)
    role.update(changes)
    if guild.setting("new_role_raises_others"):
        move_others_up(guild)
    guild.state["roles"][role["id"]] = role
    emit(guild, "GUILD_ROLE_CREATE", role)
    audit_log.write(guild, call, Action.ROLE_CREATE, role["id"], {"name": role["name"]})
    return 200, serialize(role)


def move_others_up(guild: Guild) -> None:
    """Make room at position 1, just above @everyone."""
    for role in guild.state["roles"].values():
        if role["id"] != guild.guild_id:
            role["position"] += 1


def edit_role(guild: Guild, call: Call) -> Answer:
    role = guild.role(call.ids["role_id"])
    guild.require_in_guild(call.actor, Bit.MANAGE_ROLES)
    guild.require_below(call.actor, role)
    changes = check_changes(guild, call)
    role.update(changes)
    emit(guild, "GUILD_ROLE_UPDATE", role)
    audit_log.write(guild, call, Action.ROLE_UPDATE, role["id"], changes)
    return 200, serialize(role)


def check_changes(guild: Guild, call: Call) -> dict[str, Any]:
    """Return the fields that are set; a role cannot get bits that the actor lacks."""
    for name in ("icon", "unicode_emoji"):
        if call.body.get(name) is not None:
            raise unsupported("role icons")
    body = fields.read_body(call.body, CHECKS)
    guild.require_in_guild(call.actor, Bit.MANAGE_ROLES)
    changes = {name: value for name, value in body.items() if value is not None}
    if "colors" in changes:
        changes["color"] = changes.pop("colors")
    if changes.get("permissions", 0) & ~guild.guild_bits(call.actor):
        raise refuse("missing_permissions")
    return changes


def delete_role(guild: Guild, call: Call) -> Answer:
    role = guild.role(call.ids["role_id"])
    guild.require_in_guild(call.actor, Bit.MANAGE_ROLES)
    guild.require_below(call.actor, role)
    if role["id"] == guild.guild_id or role["bot_id"]:
        raise refuse("invalid_role")
    remove(guild, role["id"])
    guild.emit("GUILD_ROLE_DELETE", {"guild_id": guild.guild_id, "role_id": role["id"]})
    audit_log.write(guild, call, Action.ROLE_DELETE, role["id"], {"name": role["name"]})
    return 204, None


def remove(guild: Guild, role_id: str) -> None:
    """Delete a role, also from its members and from every channel's overwrites."""
    gone = guild.state["roles"].pop(role_id)
    for role in guild.state["roles"].values():
        if role["position"] > gone["position"]:
            role["position"] -= 1
    for member in guild.state["members"].values():
        member["roles"] = [held for held in member["roles"] if held != role_id]
    for channel in guild.state["channels"].values():
        channel["overwrites"].pop(role_id, None)


def place(guild: Guild, role_id: str, position: int) -> None:
    """Move a role to a position of 1 or more; the other roles shift.

    These shifts are reported, unlike those by a new or deleted role, which clients compute.
    """
    others = sorted(
        (
            role
            for role in guild.state["roles"].values()
            if role["id"] not in (guild.guild_id, role_id)
        ),
        key=lambda role: role["position"],
    )
    others.insert(position - 1, guild.state["roles"][role_id])
    for number, role in enumerate(others, start=1):
        if role["position"] != number:
            role["position"] = number
            emit(guild, "GUILD_ROLE_UPDATE", role)


def emit(guild: Guild, event: str, role: Mapping[str, Any]) -> None:
    guild.emit(event, {"guild_id": guild.guild_id, "role": serialize(role)})


def serialize_all(guild: Guild) -> list[dict[str, Any]]:
    return [serialize(role) for role in guild.state["roles"].values()]


def serialize(role: Mapping[str, Any]) -> dict[str, Any]:
    """Return the role in Discord's format."""
    shown = {
        "id": role["id"],
        "name": role["name"],
        "permissions": str(role["permissions"]),
        "position": role["position"],
        "color": role["color"],
        "colors": {
            "primary_color": role["color"],
            "secondary_color": None,
            "tertiary_color": None,
        },
        "hoist": role["hoist"],
        "managed": bool(role["bot_id"]),
        "mentionable": role["mentionable"],
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if role["bot_id"]:
        shown["tags"] = {"bot_id": role["bot_id"]}
    return shown


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}/roles", list_roles),
    ("POST", "/guilds/{guild_id}/roles", create_role),
    ("GET", "/guilds/{guild_id}/roles/member-counts", count_members),
    ("GET", "/guilds/{guild_id}/roles/{role_id}", get_role),
    ("PATCH", "/guilds/{guild_id}/roles/{role_id}", edit_role),
    ("DELETE", "/guilds/{guild_id}/roles/{role_id}", delete_role),
]
