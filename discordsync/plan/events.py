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
from discordsync.state.desired_state import DesiredGroup, DesiredScheduledEvent
from discordsync.state.observed import ACTIVE, SCHEDULED, ObservedGuild, ScheduledEvent

EVENTS = 100  # scheduled or active in a guild
NAMES = {  # of Discord's fields, for people
    "name": "name",
    "description": "description",
    "channel_id": "channel",
    "scheduled_start_time": "start",
    "scheduled_end_time": "end",
}


def plan_events(diff: Diff) -> Iterator[Action | Withheld | Issue]:
    """Yield actions for due groups; events of all groups count to the limit."""
    due = {group.id: group for group in diff.due_groups()}
    for event in _select_events(diff):
        if event.group_id in due:
            yield from _plan_event(diff, due[event.group_id], event)
    for key, group_id in sorted(diff.desired.over.items()):
        if group_id in due:
            yield from _delete_obsolete(diff, due[group_id], key)
    yield from _delete_duplicates(diff, due)


def _select_events(diff: Diff) -> list[DesiredScheduledEvent]:
    """Return the existing events, and the earliest of the others for which the guild has room."""
    hidden = diff.desired.hidden.counts.get("events", 0)
    room, chosen = EVENTS - count_listed(diff.observed) - hidden, []
    for event in diff.desired.events:
        if diff.exists(event.key):
            chosen.append(event)
        elif (
            room > 0 and event.starts_at <= diff.desired.horizon and _has_voice_channel(diff, event)
        ):
            chosen.append(event)
            room -= 1
    return chosen


def count_listed(observed: ObservedGuild) -> int:
    """Return how many of the events that the bot sees count to the limit."""
    return sum(event.status in {SCHEDULED, ACTIVE} for event in observed.events.values())


def _has_voice_channel(diff: Diff, event: DesiredScheduledEvent) -> bool:
    """Return whether the group's voice channel exists or is about to be created."""
    group = diff.desired.groups[event.group_id]
    return diff.will_exist(keys.voice_channel(group.id), group)


def _plan_event(diff: Diff, group: DesiredGroup, event: DesiredScheduledEvent) -> Iterator[Action]:
    match diff.status(event.key):
        case ObjectStatus.EXISTS:
            yield from _compare(diff, group, event)
        case ObjectStatus.NOT_CREATED | ObjectStatus.GONE:
            voice = keys.voice_channel(group.id)
            call = calls.create_event(diff.observed.guild_id, event, diff.id_of(voice) or 0)
            call = replace(call, listed=count_listed(diff.observed))
            yield _action(
                group,
                "create",
                event.name,
                "the meeting is coming up",
                call,
                needs=keys_to_create(voice),
            )


def _compare(diff: Diff, group: DesiredGroup, event: DesiredScheduledEvent) -> Iterator[Action]:
    seen = diff.observed.events[diff.id_of(event.key) or 0]
    if seen.status != SCHEDULED:
        return
    channel = diff.channel(keys.voice_channel(group.id))
    channel_id = channel.id if channel else seen.channel_id or 0
    changes = _differences(event, seen, channel_id)
    if changes:
        call = calls.edit_event(diff.observed.guild_id, seen.id, event.key, changes)
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


def _delete_obsolete(diff: Diff, group: DesiredGroup, key: str) -> Iterator[Action]:
    seen = diff.observed.events.get(diff.id_of(key) or 0)
    if seen and _is_ahead(diff, seen):
        call = calls.delete_event(diff.observed.guild_id, seen.id, key)
        yield _action(group, "delete", seen.name, "the meeting is cancelled", call)


def _delete_duplicates(diff: Diff, due: dict[int, DesiredGroup]) -> Iterator[Action]:
    wanted = {event.key: event.group_id for event in diff.desired.events}
    for seen in diff.observed.events.values():
        installation, key = keys.read_mark(seen.description) or ("", "")
        group = due.get(wanted.get(key, 0))
        if installation != diff.desired.installation or group is None:
            continue
        if diff.exists(key) and diff.id_of(key) != seen.id and _is_ahead(diff, seen):
            call = calls.delete_event(diff.observed.guild_id, seen.id, "")
            yield _action(group, "delete", seen.name, "duplicate event", call)


def _is_ahead(diff: Diff, seen: ScheduledEvent) -> bool:
    return seen.status == SCHEDULED and seen.starts_at > diff.desired.now


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
