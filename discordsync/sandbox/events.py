"""Scheduled events in voice channels, and how they end automatically.

    scheduled, not started hours after its start     cancelled, then deleted
    active, end has passed                           completed, then deleted
    its channel is deleted                           deleted

A guild holds 100 of them. They are visible only to those who see the channel; for anyone else they
do not exist.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from discordsync.sandbox import audit_log, fields, permissions
from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import form_error, refuse, unsupported
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members
from discordsync.sandbox.permissions import VOICE, Bit

SCHEDULED, ACTIVE, COMPLETED, CANCELED = 1, 2, 3, 4
NEXT_STATUS = {SCHEDULED: (ACTIVE, CANCELED), ACTIVE: (COMPLETED,)}
GUILD_ONLY = 2
VOICE_EVENT = 2
IN_GUILD = 100
FARTHEST_DAYS = 5 * 365
ON_CHANNEL = Bit.VIEW_CHANNEL | Bit.CONNECT

CHECKS: dict[str, fields.Check] = {
    "name": fields.text(1, 100),
    "description": fields.nullable(fields.text(0, 1000)),
    "scheduled_start_time": fields.moment,
    "scheduled_end_time": fields.nullable(fields.moment),
    "privacy_level": fields.choice(GUILD_ONLY),
    "entity_type": fields.nullable(fields.choice(1, 2, 3)),
    "channel_id": fields.nullable(fields.snowflake),
    "status": fields.nullable(fields.choice(SCHEDULED, ACTIVE, COMPLETED, CANCELED)),
}
REQUIRED = ("name", "scheduled_start_time", "privacy_level", "entity_type", "channel_id")
UNSERVED = ("image", "recurrence_rule")


def list_events(guild: Guild, call: Call) -> Answer:
    counted = call.flag("with_user_count")
    return 200, [
        serialize(guild, event, counted=counted)
        for event in guild.state["events"].values()
        if is_shown(guild, call.actor, event)
    ]


def get_event(guild: Guild, call: Call) -> Answer:
    return 200, serialize(guild, find(guild, call), counted=call.flag("with_user_count"))


def create_event(guild: Guild, call: Call) -> Answer:
    body = read(call, required=REQUIRED)
    for name in REQUIRED:
        if body[name] is None:
            raise form_error({name: fields.REQUIRED})
    check_channel(guild, call.actor, body["channel_id"], Bit.CREATE_EVENTS)
    start, end = body["scheduled_start_time"], body.get("scheduled_end_time")
    check_start(guild, start)
    check_order(start, end)
    if len(guild.state["events"]) >= IN_GUILD:
        raise refuse("too_many_events")
    event = {
        "id": guild.new_id(),
        "creator_id": call.actor,
        "channel_id": body["channel_id"],
        "name": body["name"],
        "description": body.get("description") or None,
        "start": start.isoformat(),
        "end": end.isoformat() if end else None,
        "status": SCHEDULED,
    }
    guild.state["events"][event["id"]] = event
    emit(guild, "GUILD_SCHEDULED_EVENT_CREATE", event)
    audit_log.write(guild, call, Action.EVENT_CREATE, event["id"], {"name": event["name"]})
    return 200, serialize(guild, event)


def edit_event(guild: Guild, call: Call) -> Answer:
    event = find(guild, call)
    require_managed(guild, call.actor, event)
    changes = check_changes(guild, call, event)
    event.update(changes)
    emit(guild, "GUILD_SCHEDULED_EVENT_UPDATE", event)
    if event["status"] in (COMPLETED, CANCELED):
        del guild.state["events"][event["id"]]
    audit_log.write(guild, call, Action.EVENT_UPDATE, event["id"], changes)
    return 200, serialize(guild, event)


def check_changes(guild: Guild, call: Call, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that an edit changes, each as it is stored."""
    body = read(call)
    changes: dict[str, Any] = {n: body[n] or None for n in ("name", "description") if n in body}
    if "channel_id" in body and body["channel_id"] != event["channel_id"]:
        if body["channel_id"] is None:
            raise form_error({"channel_id": fields.REQUIRED})
        check_channel(guild, call.actor, body["channel_id"], Bit.CREATE_EVENTS)
        changes["channel_id"] = body["channel_id"]
    changes |= check_times(guild, body, event)
    status = body.get("status")
    if status is not None and status != event["status"]:
        if status not in NEXT_STATUS[event["status"]]:
            raise form_error({"status": ("BASE_TYPE_CHOICES", "Invalid status transition.")})
        changes["status"] = status
    return changes


def check_times(guild: Guild, body: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    start = body.get("scheduled_start_time", datetime.fromisoformat(event["start"]))
    end = body.get("scheduled_end_time", event["end"] and datetime.fromisoformat(event["end"]))
    if start.isoformat() != event["start"]:
        check_start(guild, start)
    check_order(start, end)
    return {"start": start.isoformat(), "end": end.isoformat() if end else None}


def delete_event(guild: Guild, call: Call) -> Answer:
    event = find(guild, call)
    require_managed(guild, call.actor, event)
    emit(guild, "GUILD_SCHEDULED_EVENT_DELETE", event)
    del guild.state["events"][event["id"]]
    audit_log.write(guild, call, Action.EVENT_DELETE, event["id"], {"name": event["name"]})
    return 204, None


def expire(guild: Guild) -> None:
    """Cancel events that were not started and complete those that are over, by the clock."""
    now = guild.now()
    grace = timedelta(hours=guild.setting("event_grace_hours"))
    for event in list(guild.state["events"].values()):
        late = (
            event["status"] == SCHEDULED and datetime.fromisoformat(event["start"]) + grace <= now
        )
        over = event["status"] == ACTIVE and event["end"] is not None
        if late or (over and datetime.fromisoformat(event["end"]) <= now):
            event["status"] = CANCELED if late else COMPLETED
            emit(guild, "GUILD_SCHEDULED_EVENT_UPDATE", event)
            del guild.state["events"][event["id"]]


def remove_in_channel(guild: Guild, channel_id: str) -> None:
    for event in list(guild.state["events"].values()):
        if event["channel_id"] == channel_id:
            emit(guild, "GUILD_SCHEDULED_EVENT_DELETE", event)
            del guild.state["events"][event["id"]]


def emit(guild: Guild, name: str, event: Mapping[str, Any]) -> None:
    """Report an event to the bot, if the bot can see it."""
    if is_shown(guild, guild.bot_id, event):
        guild.emit(name, serialize(guild, event))


def read(call: Call, required: tuple[str, ...] = ()) -> dict[str, Any]:
    for name in UNSERVED:
        if call.body.get(name):
            raise unsupported(f"events with {name}")
    body = fields.read_body(call.body, CHECKS, required=required)
    if body.get("entity_type") not in (None, VOICE_EVENT):
        raise unsupported("events outside voice channels")
    return body


def find(guild: Guild, call: Call) -> dict[str, Any]:
    event: dict[str, Any] | None = guild.state["events"].get(call.ids["event_id"])
    if event is None or not is_shown(guild, call.actor, event):
        raise refuse("unknown_event")
    return event


def is_shown(guild: Guild, actor: str, event: Mapping[str, Any]) -> bool:
    return permissions.sees(guild.state, actor, event["channel_id"])


def require_managed(guild: Guild, actor: str, event: Mapping[str, Any]) -> None:
    """Require CREATE_EVENTS for the actor's own events, MANAGE_EVENTS for other events."""
    own = event["creator_id"] == actor
    bit = Bit.CREATE_EVENTS if own else Bit.MANAGE_EVENTS
    guild.require_in_channel(actor, event["channel_id"], bit | ON_CHANNEL)


def check_channel(guild: Guild, actor: str, channel_id: str, bit: int) -> None:
    channel = guild.channel(channel_id)
    if channel["type"] != VOICE:
        raise refuse("wrong_channel_type")
    guild.require_in_channel(actor, channel_id, bit | ON_CHANNEL)


def check_start(guild: Guild, start: datetime) -> None:
    if start <= guild.now():
        word = "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST"
        raise form_error({"scheduled_start_time": (word, "Cannot schedule event in the past.")})
    if start > guild.now() + timedelta(days=FARTHEST_DAYS):
        word = "GUILD_SCHEDULED_EVENT_SCHEDULE_FUTURE"
        sentence = "Cannot schedule event more than 5 years in the future."
        raise form_error({"scheduled_start_time": (word, sentence)})


def check_order(start: datetime, end: datetime | None) -> None:
    if end is not None and end <= start:
        word = "GUILD_SCHEDULED_EVENT_END_BEFORE_START"
        sentence = "Event cannot end before it starts."
        raise form_error({"scheduled_end_time": (word, sentence)})


def mentioned_in(guild: Guild, target_ids: set[str]) -> list[dict[str, Any]]:
    """Return the events among these ids, for an audit log."""
    return [
        serialize(guild, event)
        for event in guild.state["events"].values()
        if event["id"] in target_ids
    ]


def serialize(guild: Guild, event: Mapping[str, Any], *, counted: bool = False) -> dict[str, Any]:
    """Return the event in Discord's format."""
    shown = {
        "id": event["id"],
        "guild_id": guild.guild_id,
        "channel_id": event["channel_id"],
        "creator_id": event["creator_id"],
        "creator": members.serialize_user(guild, event["creator_id"]),
        "name": event["name"],
        "description": event["description"],
        "image": None,
        "scheduled_start_time": event["start"],
        "scheduled_end_time": event["end"],
        "privacy_level": GUILD_ONLY,
        "status": event["status"],
        "entity_type": VOICE_EVENT,
        "entity_id": None,
        "entity_metadata": {},
        "recurrence_rule": None,
        "guild_scheduled_event_exceptions": [],
    }
    if counted:
        shown["user_count"] = 0
    return shown


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}/scheduled-events", list_events),
    ("POST", "/guilds/{guild_id}/scheduled-events", create_event),
    ("GET", "/guilds/{guild_id}/scheduled-events/{event_id}", get_event),
    ("PATCH", "/guilds/{guild_id}/scheduled-events/{event_id}", edit_event),
    ("DELETE", "/guilds/{guild_id}/scheduled-events/{event_id}", delete_event),
]
