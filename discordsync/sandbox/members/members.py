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


ADDING: dict[str, fields.Check] = {
    "access_token": fields.text(1, 10240),
    "nick": fields.nullable(fields.text(1, 32)),
    "roles": fields.nullable(fields.listed(fields.snowflake, 250)),
    "mute": fields.nullable(fields.flag),
    "deaf": fields.nullable(fields.flag),
}
# What the optional fields need, besides CREATE_INSTANT_INVITE.
ADDING_NEEDS = {
    "nick": Bit.MANAGE_NICKNAMES,
    "roles": Bit.MANAGE_ROLES,
    "mute": Bit.MUTE_MEMBERS,
    "deaf": Bit.DEAFEN_MEMBERS,
}


def add_member(guild: Guild, call: Call) -> Answer:
    """Add a person with a token of theirs that has the scope guilds.join.

    Nickname and voice state are checked but not kept.  Unlike on Discord, the token may be of any
    application.
    """
    user_id = call.ids["user_id"]
    body = fields.read_body(call.body, ADDING, required=("access_token",))
    guild.require_in_guild(call.actor, Bit.CREATE_INSTANT_INVITE)
    for name, bit in ADDING_NEEDS.items():
        if body.get(name) is not None:
            guild.require_in_guild(call.actor, bit)
    roles = [guild.role(role_id) for role_id in body.get("roles") or ()]
    for role in roles:
        guild.require_below(call.actor, role)
    check_grant(guild, body["access_token"], user_id)
    if user_id in guild.state["members"]:
        return 204, None
    if user_id in guild.setting("banned"):
        raise refuse("banned")
    if user_id in guild.setting("in_too_many_guilds"):
        raise refuse("too_many_guilds")
    guild.state["members"][user_id] = new_member(guild, *(role["id"] for role in roles))
    emit(guild, "GUILD_MEMBER_ADD", user_id)
    return 201, serialize(guild, user_id)


def new_member(guild: Guild, *role_ids: str) -> dict[str, Any]:
    """Return someone who joins now; they are pending if the guild requires to accept its rules."""
    pending = {"pending": True} if guild.setting("membership_screening") else {}
    return {"joined_at": guild.timestamp(), "roles": list(role_ids)} | pending


def check_grant(guild: Guild, token: str, user_id: str) -> None:
    for grant in guild.state["oauth"]["grants"].values():
        is_it = grant["access"] == token and grant["user_id"] == user_id
        if is_it and grant["until"] > guild.timestamp() and "guilds.join" in grant["scopes"]:
            return
    raise refuse("invalid_access_token")


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
        "pending": member.get("pending", False),
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
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
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
    ("PUT", "/guilds/{guild_id}/members/{user_id}", add_member),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", give_role),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", take_role),
]
