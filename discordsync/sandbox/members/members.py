"""The members of the guild: listing them, and granting and revoking their roles."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import audit_log, fields
from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import refuse
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.permissions import Bit


def list_members(guild: Guild, call: Call) -> Answer:
    """List members by id, one page after `after`; requires the privileged members intent."""
    if not guild.setting("members_intent"):
        raise refuse("missing_access")
    limit = call.number("limit", 1, 1000)
    after = int(call.snowflake("after") or 0)
    ids = sorted((user_id for user_id in guild.state["members"] if int(user_id) > after), key=int)
    return 200, [serialize(guild, user_id) for user_id in ids[:limit]]


def search_members(guild: Guild, call: Call) -> Answer:
    """List members whose name starts with the query; requires no intent."""
    query = fields.read_body(call.query, {"query": fields.text(1, 100)}, required=("query",))
    wanted = query["query"].casefold()
    found = [
        user_id
        for user_id in sorted(guild.state["members"], key=int)
        if guild.state["users"][user_id]["username"].casefold().startswith(wanted)
    ]
    return 200, [serialize(guild, user_id) for user_id in found[: call.number("limit", 1, 1000)]]


def get_member(guild: Guild, call: Call) -> Answer:
    guild.member(call.ids["user_id"])
    return 200, serialize(guild, call.ids["user_id"])


def give_role(guild: Guild, call: Call) -> Answer:
    member, role_id = member_and_role(guild, call)
    if role_id not in member["roles"]:
        member["roles"].append(role_id)
        log_roles(guild, call, {"$add": [{"id": role_id}]})
    return 204, None


def take_role(guild: Guild, call: Call) -> Answer:
    member, role_id = member_and_role(guild, call)
    if role_id in member["roles"]:
        member["roles"].remove(role_id)
        log_roles(guild, call, {"$remove": [{"id": role_id}]})
    return 204, None


def log_roles(guild: Guild, call: Call, changes: dict[str, Any]) -> None:
    emit(guild, "GUILD_MEMBER_UPDATE", call.ids["user_id"])
    audit_log.write(guild, call, Action.MEMBER_ROLE_UPDATE, call.ids["user_id"], changes)


def member_and_role(guild: Guild, call: Call) -> tuple[dict[str, Any], str]:
    """Return member and role of a grant; the role must be assignable and below the actor's."""
    member = guild.member(call.ids["user_id"])
    role = guild.role(call.ids["role_id"])
    guild.require_in_guild(call.actor, Bit.MANAGE_ROLES)
    guild.require_below(call.actor, role)
    if role["id"] == guild.guild_id or role["bot_id"]:
        raise refuse("invalid_role")
    return member, role["id"]


def emit(guild: Guild, event: str, user_id: str) -> None:
    guild.emit(event, {"guild_id": guild.guild_id, **serialize(guild, user_id)})


def serialize(guild: Guild, user_id: str) -> dict[str, Any]:
    """Return the member in Discord's format."""
    member = guild.state["members"][user_id]
    return {
        "user": serialize_user(guild, user_id),
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": list(member["roles"]),
        "joined_at": member["joined_at"],
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def serialize_user(guild: Guild, user_id: str) -> dict[str, Any]:
    """Return the user in Discord's format."""
    user: Mapping[str, Any] = guild.state["users"][user_id]
    shown = {
        "id": user["id"],
        "username": user["username"],
        "global_name": user.get("global_name"),
        "discriminator": "0",
        "avatar": user.get("avatar"),
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    if user["bot"]:
        shown["bot"] = True
    return shown


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}/members", list_members),
    ("GET", "/guilds/{guild_id}/members/search", search_members),
    ("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", give_role),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", take_role),
]
