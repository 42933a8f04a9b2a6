"""The audit log.  It is made for people: entries come late and some are missing."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import events
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members
from discordsync.sandbox.permissions import Bit


def get_audit_log(guild: Guild, call: Call) -> Answer:
    guild.require_in_guild(call.actor, Bit.VIEW_AUDIT_LOG)
    entries = selected(guild, call)[: call.number("limit", 50, 100)]
    user_ids = {entry["user_id"] for entry in entries}
    return 200, {
        "audit_log_entries": [serialize(entry) for entry in entries],
        "users": [members.serialize_user(guild, user_id) for user_id in sorted(user_ids)],
        "guild_scheduled_events": events.mentioned_in(
            guild, {entry["target_id"] for entry in entries}
        ),
        "integrations": [],
        "webhooks": [],
        "threads": [],
        "application_commands": [],
        "auto_moderation_rules": [],
    }


def selected(guild: Guild, call: Call) -> list[dict[str, Any]]:
    """Return the entries that are visible by now and match the query, newest first by default."""
    latest = guild.ago(seconds=guild.setting("audit_delay_seconds"))
    entries = [entry for entry in guild.state["audit"] if entry["at"] <= latest]
    after = call.snowflake("after")
    if after is None:
        entries.reverse()
    before = call.snowflake("before")
    wanted = {
        "user_id": call.snowflake("user_id"),
        "target_id": call.snowflake("target_id"),
        "action_type": call.snowflake("action_type"),
    }
    return [
        entry
        for entry in entries
        if (before is None or int(entry["id"]) < int(before))
        and (after is None or int(entry["id"]) > int(after))
        and all(value is None or str(entry[key]) == value for key, value in wanted.items())
    ]


def serialize(entry: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "id": entry["id"],
        "action_type": entry["action_type"],
        "user_id": entry["user_id"],
        "target_id": entry["target_id"],
        "changes": [
            {"key": key, "new_value": value} for key, value in sorted(entry["changes"].items())
        ],
    }
    if entry["reason"]:
        shown["reason"] = entry["reason"]
    return shown


ROUTES: list[Route] = [("GET", "/guilds/{guild_id}/audit-logs", get_audit_log)]
