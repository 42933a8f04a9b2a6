"""Plan scheduled events; all cohorts share one limit.  Pure.

desired (starts in the future)         recorded, listed     compare, edit what differs
  and within the horizon               recorded, gone       create again, without asking staff
                                       not recorded         create, while there is room
                                       recorded, unseen     nothing
cancelled, or its group has ended      listed, not begun    delete
its start has passed                   -                    nothing: it is history
duplicate (our mark, another id)       listed, not begun    delete the one that has no record
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cohorts.reconcile.values import Action, Issue, Withheld
from discordsync.plan import calls
from discordsync.plan.actions import keys_to_create
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.state import keys
from discordsync.state.desired import DesiredGroup, DesiredScheduledEvent
from discordsync.state.observed import ACTIVE, SCHEDULED, ObservedGuild, ScheduledEvent

EVENTS = 100  # scheduled or active in a guild
NAMES = {  # of Discord's fields, for people
    "name": "name",
    "description": "description",
    "channel_id": "channel",
    "scheduled_start_time": "start",
    "scheduled_end_time": "end",
}


def plan_events(look: Diff) -> Iterator[Action | Withheld | Issue]:
    """Yield actions for due groups; events of all groups count to the limit."""
    due = {group.id: group for group in look.due_groups()}
    for event in _with_room(look):
        if event.group_id in due:
            yield from _wanted(look, due[event.group_id], event)
    for key, group_id in sorted(look.desired.over.items()):
        if group_id in due:
            yield from _over(look, due[group_id], key)
    yield from _twins(look, due)


def _with_room(look: Diff) -> list[DesiredScheduledEvent]:
    """Return the existing events, and the earliest of the others for which the guild has room."""
    hidden = look.desired.hidden.counts.get("events", 0)
    room, chosen = EVENTS - count_listed(look.observed) - hidden, []
    for event in look.desired.events:
        if look.stands(event.key):
            chosen.append(event)
        elif room > 0 and event.starts_at <= look.desired.horizon and _has_place(look, event):
            chosen.append(event)
            room -= 1
    return chosen


def count_listed(observed: ObservedGuild) -> int:
    """Return how many of the events that the bot sees count to the limit."""
    return sum(event.status in {SCHEDULED, ACTIVE} for event in observed.events.values())


def _has_place(look: Diff, event: DesiredScheduledEvent) -> bool:
    """Return whether the group's voice channel exists or is about to be created."""
    group = look.desired.groups[event.group_id]
    return look.is_coming(keys.voice_channel(group.id), group)


def _wanted(look: Diff, group: DesiredGroup, event: DesiredScheduledEvent) -> Iterator[Action]:
    match look.standing(event.key):
        case ObjectStatus.STANDS:
            yield from _compare(look, group, event)
        case ObjectStatus.UNMADE | ObjectStatus.GONE:
            voice = keys.voice_channel(group.id)
            call = calls.create_event(look.observed.guild_id, event, look.id_of(voice) or 0)
            call = replace(call, listed=count_listed(look.observed))
            yield _action(
                group,
                "create",
                event.name,
                "the meeting is coming up",
                call,
                needs=keys_to_create(voice),
            )


def _compare(look: Diff, group: DesiredGroup, event: DesiredScheduledEvent) -> Iterator[Action]:
    seen = look.observed.events[look.id_of(event.key) or 0]
    if seen.status != SCHEDULED:
        return
    channel = look.channel(keys.voice_channel(group.id))
    channel_id = channel.id if channel else seen.channel_id or 0
    changes = _differences(event, seen, channel_id)
    if changes:
        call = calls.edit_event(look.observed.guild_id, seen.id, event.key, changes)
        why = f"changed: {', '.join(NAMES[name] for name in sorted(changes))}"
        yield _action(group, "edit", event.name, why, call)


def _differences(
    event: DesiredScheduledEvent, seen: ScheduledEvent, channel_id: int
) -> dict[str, object]:
    held = {
        "name": seen.name,
        "description": seen.description,
        "channel_id": str(seen.channel_id),
        "scheduled_start_time": seen.starts_at,
        "scheduled_end_time": seen.ends_at,
    }
    wanted = calls.event_fields(event, channel_id)
    instants = {"scheduled_start_time": event.starts_at, "scheduled_end_time": event.ends_at}
    return {name: wanted[name] for name in wanted if held[name] != instants.get(name, wanted[name])}


def _over(look: Diff, group: DesiredGroup, key: str) -> Iterator[Action]:
    seen = look.observed.events.get(look.id_of(key) or 0)
    if seen and _is_ahead(look, seen):
        call = calls.delete_event(look.observed.guild_id, seen.id, key)
        yield _action(group, "delete", seen.name, "the meeting is cancelled", call)


def _twins(look: Diff, due: dict[int, DesiredGroup]) -> Iterator[Action]:
    wanted = {event.key: event.group_id for event in look.desired.events}
    for seen in look.observed.events.values():
        installation, key = keys.read_mark(seen.description) or ("", "")
        group = due.get(wanted.get(key, 0))
        if installation != look.desired.installation or group is None:
            continue
        if look.stands(key) and look.id_of(key) != seen.id and _is_ahead(look, seen):
            call = calls.delete_event(look.observed.guild_id, seen.id, "")
            yield _action(group, "delete", seen.name, "duplicate event", call)


def _is_ahead(look: Diff, seen: ScheduledEvent) -> bool:
    return seen.status == SCHEDULED and seen.starts_at > look.desired.now


def _action(
    group: DesiredGroup,
    verb: str,
    name: str,
    why: str,
    call: calls.Call,
    *,
    needs: frozenset[str] = frozenset(),
) -> Action:
    return Action(
        key=f"{verb} {call.key or call.path}",
        kind="events",
        verb=verb,
        target=f"event “{name}”",
        why=why,
        group_id=group.id,
        cohort_id=group.cohort_id,
        needs=needs,
        rank=10 + group.position,
        repeatable=verb == "edit",
        payload=call,
    )
