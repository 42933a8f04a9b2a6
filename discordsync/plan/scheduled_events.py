"""Plan scheduled events; all cohorts share one limit.  Pure.

desired (starts in the future)         recorded, listed     compare, edit what differs
  and within the horizon               recorded, gone       create again, without asking staff
                                       not recorded         create, while there is room
                                       recorded, unseen     nothing
cancelled, or its group has ended      listed, not begun    delete
its start has passed                   -                    nothing: it is history
duplicate (our mark, another id)       listed, not begun    delete the one that has no record
"""

from collections.abc import Collection, Iterator
from itertools import islice, takewhile

from cohorts.reconcile.values import Action, Issue, Withheld
from discordsync.desired import DesiredGroup, DesiredScheduledEvent
from discordsync.plan import calls
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.state import keys
from discordsync.state.observed import LIMITS, SCHEDULED, ScheduledEvent

NAMES = {  # of Discord's fields, for people
    "name": "name",
    "description": "description",
    "channel_id": "channel",
    "scheduled_start_time": "start",
    "scheduled_end_time": "end",
}


def plan_events(
    diff: Diff, group: DesiredGroup, chosen: Collection[str]
) -> Iterator[Action | Withheld | Issue]:
    """Yield actions for a group's events; `chosen` are the keys of events that may be created."""
    if diff.observed.events_unread and group.id in diff.desired.events_of:
        yield Issue(group.id, "events_unread")
    for event in diff.desired.events_of.get(group.id, ()):
        if diff.exists(event.key):
            yield from _compare(diff, group, event)
        elif event.key in chosen:
            yield from _create(diff, group, event)
    for key in diff.desired.over_of.get(group.id, ()):
        yield from _delete_obsolete(diff, group, key)
    yield from _delete_duplicates(diff, group)


def choose_events(diff: Diff) -> frozenset[str]:
    """Return the keys of the earliest events that do not exist and for which the guild has room;
    events of all groups count to the limit.  None while it is unknown which exist."""
    if diff.observed.events_unread:
        return frozenset()
    hidden = diff.desired.hidden.counts.get("events", 0)
    room = max(LIMITS["events"] - diff.observed.count_listed("events") - hidden, 0)
    ahead = takewhile(lambda event: event.starts_at <= diff.desired.horizon, diff.desired.events)
    lacking = (event for event in ahead if not diff.exists(event.key))
    possible = (event.key for event in lacking if _has_voice_channel(diff, event))
    return frozenset(islice(possible, room))


def _has_voice_channel(diff: Diff, event: DesiredScheduledEvent) -> bool:
    """Return whether the group's voice channel exists or is about to be created."""
    group = diff.desired.groups[event.group_id]
    return diff.will_exist(keys.voice_channel(group.id), group)


def _create(diff: Diff, group: DesiredGroup, event: DesiredScheduledEvent) -> Iterator[Action]:
    if diff.status(event.key) in {ObjectStatus.NOT_CREATED, ObjectStatus.GONE}:
        voice, why = keys.voice_channel(group.id), "the meeting is coming up"
        call = calls.create_event(diff.observed.guild_id, event, diff.id_of(voice) or 0)
        yield _action(group, "create", event.name, why, call, needs=keys.all_to_create(voice))


def _compare(diff: Diff, group: DesiredGroup, event: DesiredScheduledEvent) -> Iterator[Action]:
    seen = diff.observed.events[diff.id_of(event.key) or 0]
    if seen.status != SCHEDULED:
        return
    channel = diff.channel(keys.voice_channel(group.id))
    changes = _differences(event, seen, channel.id if channel else seen.channel_id)
    if changes:
        why = f"changed: {', '.join(NAMES[name] for name in sorted(changes))}"
        if "channel_id" in changes:  # it may be of another kind: “somewhere else”, or on a stage
            changes |= {"entity_type": calls.VOICE_EVENT, "entity_metadata": None}
        call = calls.edit_event(diff.observed.guild_id, seen.id, event.key, changes)
        yield _action(group, "edit", event.name, why, call)


def _differences(
    event: DesiredScheduledEvent, seen: ScheduledEvent, channel_id: int | None
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


def _delete_duplicates(diff: Diff, group: DesiredGroup) -> Iterator[Action]:
    for event in diff.desired.events_of.get(group.id, ()):
        for seen in diff.marked_events.get(event.key, ()):
            is_other = diff.exists(event.key) and diff.id_of(event.key) != seen.id
            if is_other and _is_ahead(diff, seen):
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
