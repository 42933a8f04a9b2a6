"""Direct-message channels between the bot and one person."""

from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import refuse, unsupported
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members


def open_dm(guild: Guild, call: Call) -> Answer:
    """Return the channel to a person, or create it.  Only new ones count to the limit."""
    if "recipient_id" not in call.body:
        raise unsupported("group direct messages")
    body = fields.read_body(call.body, {"recipient_id": fields.snowflake})
    recipient_id = body["recipient_id"]
    if recipient_id not in guild.state["users"] or recipient_id == call.actor:
        raise refuse("invalid_recipient")
    for dm in guild.state["dms"].values():
        if dm["recipient_id"] == recipient_id:
            return 200, serialize(guild, dm["id"])
    check_rate(guild)
    dm = {"id": guild.new_id(), "recipient_id": recipient_id, "opened_at": guild.timestamp()}
    guild.state["dms"][dm["id"]] = dm
    guild.state["messages"][dm["id"]] = {}
    return 200, serialize(guild, dm["id"])


def check_rate(guild: Guild) -> None:
    """Limit new channels: Discord quarantines bots that open many at once.  See `dm_limit`."""
    limit = guild.setting("dm_limit")
    if limit is None:
        return
    since = guild.ago(minutes=limit["minutes"])
    opened = sum(dm["opened_at"] > since for dm in guild.state["dms"].values())
    if opened >= limit["channels"]:
        raise refuse("opening_dms_too_fast")


def require_open(guild: Guild, dm_id: str) -> None:
    """Refuse (50007) if the person accepts no messages, shares no guild with it, or is a bot."""
    recipient_id = guild.state["dms"][dm_id]["recipient_id"]
    user = guild.state["users"][recipient_id]
    if user["dm_closed"] or user["bot"] or recipient_id not in guild.state["members"]:
        raise refuse("cannot_message_user")


def serialize(guild: Guild, dm_id: str) -> dict[str, Any]:
    """Return the channel in Discord's format."""
    return {
        "id": dm_id,
        "type": 1,
        "flags": 0,
        "last_message_id": max(guild.state["messages"][dm_id], key=int, default=None),
        "recipients": [members.serialize_user(guild, guild.state["dms"][dm_id]["recipient_id"])],
    }


ROUTES: list[Route] = [("POST", "/users/@me/channels", open_dm)]
