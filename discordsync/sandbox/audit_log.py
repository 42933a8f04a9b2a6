"""Write the audit log; `audit` reads it."""

from enum import IntEnum
from typing import Any

from discordsync.sandbox.calls import Call
from discordsync.sandbox.guild import Guild


class Action(IntEnum):
    """Discord's audit-log action types."""

    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    OVERWRITE_CREATE = 13
    OVERWRITE_UPDATE = 14
    OVERWRITE_DELETE = 15
    MEMBER_ROLE_UPDATE = 25
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    MESSAGE_DELETE = 72
    EVENT_CREATE = 100
    EVENT_UPDATE = 101
    EVENT_DELETE = 102


def write(
    guild: Guild, call: Call, action: Action, target_id: str, changes: dict[str, Any]
) -> None:
    """Log an action with the call's actor and reason, unless it is one of the missing entries."""
    entry_id = guild.new_id()
    guild.state["audit_count"] += 1
    hole = guild.setting("audit_hole_every")
    if hole and guild.state["audit_count"] % hole == 0:
        return
    guild.state["audit"].append(
        {
            "id": entry_id,
            "at": guild.timestamp(),
            "action_type": int(action),
            "user_id": call.actor,
            "target_id": target_id,
            "changes": changes,
            "reason": call.reason,
        }
    )
