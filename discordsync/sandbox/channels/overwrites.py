"""Permission overwrites of a channel: {target id: {type, allow, deny}}, bits as numbers.

Discord lets a bot set only bits that it has itself, denials included, and MANAGE_ROLES only as an
administrator. A new channel for which no overwrites or an empty list are sent gets a copy of its
category's; later changes of the category are not inherited.
"""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import audit_log, fields, permissions
from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.channels.serializers import emit_changes
from discordsync.sandbox.errors import refuse
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.permissions import Bit

ROLE = 0
MEMBER = 1
IN_REQUEST = 100
IN_CHANNEL = 1000

BITS = fields.nullable(fields.whole(0))
CHECKS: dict[str, fields.Check] = {
    "type": fields.nullable(fields.choice(ROLE, MEMBER)),
    "allow": BITS,
    "deny": BITS,
}
LISTED = fields.shape({"id": fields.snowflake, **CHECKS}, required=("id",))
read_overwrites = fields.nullable(fields.listed(LISTED, IN_REQUEST))
Overwrites = dict[str, dict[str, int]]


def keyed(items: list[dict[str, Any]] | None) -> Overwrites:
    """Return a request's list as it is stored; missing or null bits become 0."""
    return {item["id"]: stored(item) for item in items or []}


def stored(body: Mapping[str, Any]) -> dict[str, int]:
    return {name: body.get(name) or 0 for name in ("type", "allow", "deny")}


def check_overwrites(
    guild: Guild, actor: str, overwrites: Overwrites, *, settable: int, existing: Overwrites
) -> None:
    """Refuse a target that is no role or member (404), and bits outside `settable` (403)."""
    for target_id, overwrite in overwrites.items():
        if target_id not in existing:
            check_target(guild, target_id, overwrite["type"])
        bits = overwrite["allow"] | overwrite["deny"]
        if bits & ~settable or (bits & Bit.MANAGE_ROLES and not guild.is_administrator(actor)):
            raise refuse("missing_permissions")


def check_target(guild: Guild, target_id: str, kind: int) -> None:
    known = guild.state["roles"] if kind == ROLE else guild.state["members"]
    if target_id not in known:
        raise refuse("unknown_overwrite")


def settable_in(guild: Guild, actor: str, channel: Mapping[str, Any]) -> int:
    """Return the bits that the actor may allow or deny in an existing channel.

    These are the bits held in the guild and, for a channel in a category, also there.
    Administrators, and people who have MANAGE_ROLES from the channel itself, may set any bit.
    """
    if guild.is_administrator(actor) or has_manage_roles_overwrite(guild, actor, channel):
        return permissions.ALL
    bits = guild.guild_bits(actor)
    parent = guild.state["channels"].get(channel["parent_id"])
    if parent is not None and guild.setting("edits_check_category"):
        bits &= permissions.overwritten(guild.state, actor, parent, bits)
    return bits


def has_manage_roles_overwrite(guild: Guild, actor: str, channel: Mapping[str, Any]) -> bool:
    targets = [actor, *guild.state["members"][actor]["roles"]]
    return any(
        channel["overwrites"][target]["allow"] & Bit.MANAGE_ROLES
        for target in targets
        if target in channel["overwrites"]
    )


def set_all(guild: Guild, channel: dict[str, Any], given: Overwrites) -> None:
    """Replace a channel's overwrites and, for a category, those of its channels that had the same.

    This is Discord's syncing: channels whose overwrites differ from the category's do not change.
    """
    synced = [
        child
        for child in guild.state["channels"].values()
        if guild.setting("channels_follow_category")
        and child["parent_id"] == channel["id"]
        and child["overwrites"] == channel["overwrites"]
    ]
    for target in [channel, *synced]:
        target["overwrites"] = {target_id: dict(o) for target_id, o in given.items()}


def put_overwrite(guild: Guild, call: Call) -> Answer:
    channel = managed_channel(guild, call)
    target_id = call.ids["overwrite_id"]
    overwrite = stored(fields.read_body(call.body, CHECKS))
    given = {**channel["overwrites"], target_id: overwrite}
    check_settable(guild, call.actor, channel, {target_id: overwrite}, existing={})
    if len(given) > IN_CHANNEL:
        raise refuse("too_many_overwrites")
    known = target_id in channel["overwrites"]
    with emit_changes(guild, channel["id"]):
        set_all(guild, channel, given)
    action = Action.OVERWRITE_UPDATE if known else Action.OVERWRITE_CREATE
    audit_log.write(guild, call, action, channel["id"], {"id": target_id})
    return 204, None


def delete_overwrite(guild: Guild, call: Call) -> Answer:
    channel = managed_channel(guild, call)
    target_id = call.ids["overwrite_id"]
    if target_id not in channel["overwrites"]:
        raise refuse("unknown_overwrite")
    gone = {target_id: channel["overwrites"][target_id]}
    check_settable(guild, call.actor, channel, gone, existing=gone)
    kept = {key: value for key, value in channel["overwrites"].items() if key != target_id}
    with emit_changes(guild, channel["id"]):
        set_all(guild, channel, kept)
    audit_log.write(guild, call, Action.OVERWRITE_DELETE, channel["id"], {"id": target_id})
    return 204, None


def managed_channel(guild: Guild, call: Call) -> dict[str, Any]:
    channel = guild.channel(call.ids["channel_id"])
    guild.require_in_channel(call.actor, channel["id"], Bit.MANAGE_ROLES)
    return channel


def check_settable(
    guild: Guild,
    actor: str,
    channel: dict[str, Any],
    given: Overwrites,
    *,
    existing: Overwrites,
) -> None:
    check_overwrites(
        guild, actor, given, settable=settable_in(guild, actor, channel), existing=existing
    )


ROUTES: list[Route] = [
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}", put_overwrite),
    ("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}", delete_overwrite),
]
