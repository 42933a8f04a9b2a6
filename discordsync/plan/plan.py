"""Compute the actions that are left to bring the guild to its desired state.

Pure: no Django, network or clock.  Infrastructure (category, cohort channel, role, text and voice
channel), by its record:

    record             requested    not requested
    no id yet          create       withheld: not realized yet
    an id, listed      compare: see repairs.py
    an id, gone        reported as missing; recreated only when staff ask for it
    an id, unasked     reported as unconfirmed; the next observation fetches it by id
    an id, unseen      reported as hidden from the bot: nothing proves that it is gone

An object whose parent is missing or hidden is not created either.

Role grants, overwrites, events and messages need only their parent:

    a person           desired, does not have the role    grant, once they are in the guild
                       has it, access ended on a date     revoke
                       has it for no known reason         revoke, under the guard (`removes`)
    an event           see scheduled_events.py
    a message          pending, the text channel exists   send
                       names someone being erased         delete
                       pending, direct                    see direct_messages.py

Finally, `_withhold_impossible` withholds actions for which permissions or room are missing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cohorts.reconcile.values import Action, Budget, Issue, Plan, Policy, Withheld
from discordsync.desired import DesiredGroup, DesiredGuild
from discordsync.plan import calls
from discordsync.plan.calls import Item, rank
from discordsync.plan.diff import Diff
from discordsync.plan.direct_messages import plan_direct_messages
from discordsync.plan.grants import (
    find_access,
    find_people,
    find_removals,
    plan_access,
    revoke_before_granting,
)
from discordsync.plan.infrastructure import plan_cohort, plan_infrastructure
from discordsync.plan.removals import count_removable, plan_removals
from discordsync.plan.scheduled_events import choose_events, plan_events
from discordsync.state import keys, permissions
from discordsync.state.observed import CATEGORY, LIMITS, ObservedGuild

IN_CATEGORY = 50
# Harmless or temporary: sorted last, so that they are reported only if nothing else is wrong.
MINOR = frozenset({"renamed", "channel_moved", "unconfirmed", "events_unread"})


@dataclass(frozen=True, slots=True)
class Basis:
    """What a whole plan decides for several groups at once, for the parts that follow it.

    The outcomes of creations, grants and messages leave it as it is: what is created counts as used
    instead of as added. `reports`: issues with what cohorts share, by group. `chosen`: the keys of
    events for which there is room. `full`: cohorts for which there is none. `revoking`, `granting`:
    the groups whose role a person loses or gets, for people who lose any.
    """

    creatable: Mapping[int, Sequence[DesiredGroup]]
    reports: Mapping[int, Sequence[Issue]]
    chosen: frozenset[str]
    full: Mapping[int | None, str]
    revoking: Mapping[int, frozenset[int]]
    granting: Mapping[int, frozenset[int]]


def plan(desired: DesiredGuild, observed: ObservedGuild, policy: Policy) -> Plan:
    diff = Diff(desired, observed, policy)
    chosen, shared = choose_events(diff), list(_plan_shared(diff))
    items = [*shared, *plan_groups(diff, diff.due_groups, chosen)]
    actions = [item for item in items if isinstance(item, Action)]
    full = _find_full(diff, [action for action in actions if action.creates])
    revoking, granting = find_access(actions, "revoke"), find_access(actions, "grant")
    return replace(
        combine(diff, items, revoking, full),
        people=len(find_people(diff)),
        removals=find_removals(diff),
        basis=Basis(
            creatable=diff.all_to_create,
            reports=_by_group(item for item in shared if isinstance(item, Issue)),
            chosen=chosen,
            full=full,
            revoking=revoking,
            granting={person: granting.get(person, frozenset()) for person in revoking},
        ),
    )


def _plan_shared(diff: Diff) -> Iterator[Item]:
    for cohort_id in sorted({group.cohort_id for group in diff.due_groups}):
        yield from plan_cohort(diff, cohort_id)
    if diff.desired.approvals:
        yield from plan_removals(diff)
    if any(group.direct_messages for group in diff.due_groups):
        yield from plan_direct_messages(diff)


def plan_groups(
    diff: Diff, groups: Iterable[DesiredGroup], chosen: frozenset[str]
) -> Iterator[Item]:
    for group in groups:
        yield from plan_infrastructure(diff, group)
        yield from plan_access(diff, group)
        yield from _messages(diff, group)
        yield from _posts_to_delete(diff, group)
        yield from plan_events(diff, group, chosen)


def _by_group(issues: Iterable[Issue]) -> Mapping[int, list[Issue]]:
    found: dict[int, list[Issue]] = defaultdict(list)
    for issue in issues:
        found[issue.group_id].append(issue)
    return found


def combine(
    diff: Diff,
    items: Iterable[Item],
    revoking: Mapping[int, frozenset[int]],
    full: Mapping[int | None, str],
) -> Plan:
    """Return the plan of these items, without what concerns the provider as a whole."""
    items = list(items)
    found = revoke_before_granting((one for one in items if isinstance(one, Action)), revoking)
    actions, withheld = _withhold_impossible(diff, found, full)
    issues = (item for item in items if isinstance(item, Issue))
    return Plan(
        actions=tuple(actions),
        withheld=(*withheld, *(item for item in items if isinstance(item, Withheld))),
        issues=tuple(sorted(issues, key=lambda issue: issue.code in MINOR)),
    )


# -- messages ------------------------------------------------------------------------------------


def _messages(diff: Diff, group: DesiredGroup) -> Iterator[Action]:
    channel = diff.channel(keys.text_channel(group.id))
    if channel is None:
        return
    for message in group.messages:
        if message.id in diff.observed.sent | diff.observed.unsearched:
            continue
        yield Action(
            key=keys.to_send(message.id),
            kind="messages",
            verb="send",
            target=f"“{message.kind.replace('_', ' ')}” in “{channel.name}”",
            why="the message is due",
            group_id=group.id,
            cohort_id=group.cohort_id,
            rank=rank(group, 0),
            alone=True,
            payload=calls.send_message(channel.id, message),
        )


def _posts_to_delete(diff: Diff, group: DesiredGroup) -> Iterator[Action]:
    for post in group.posts_to_delete:
        if post.message_id in diff.observed.sent:
            continue
        yield Action(
            key=f"delete message {post.message_id}",
            kind="messages",
            verb="delete",
            target=f"a message about {group.name}",
            why="a person's data are erased",
            group_id=group.id,
            cohort_id=group.cohort_id,
            rank=rank(group, 0),
            alone=True,
            repeatable=True,
            payload=calls.delete_message(post),
        )


# -- permissions and limits ----------------------------------------------------------------------


def _withhold_impossible(
    diff: Diff, actions: Iterable[Action], full: Mapping[int | None, str]
) -> tuple[list[Action], list[Withheld]]:
    """Withhold actions for which the bot lacks permissions or the guild lacks room.

    The check comes before the first call, so that nothing is left half-done: a cohort is created
    completely or not started.  Actions that need neither are kept.
    """
    held = diff.observed.bot_permissions
    kept, withheld = [], []
    for action in actions:
        needed = permissions.ALL_NEEDED if action.creates else permissions.needed_for(action.kind)
        if lacking := permissions.lacking(held, needed):
            detail = f"missing: {', '.join(lacking)}"
            withheld.append(Withheld(action, "missing_permissions", detail))
        elif action.creates and action.cohort_id in full:
            withheld.append(Withheld(action, "guild_full", full[action.cohort_id]))
        else:
            kept.append(action)
    return kept, withheld


def _find_full(diff: Diff, creations: Iterable[Action]) -> dict[int | None, str]:
    """Return cohorts for which there is no room, with the numbers; lower ids get room first."""
    used = find_used(diff.desired, diff.observed)
    full: dict[int | None, str] = {}
    for cohort_id, actions in groupby(sorted(creations, key=_cohort_of), key=_cohort_of):
        own = list(actions)
        adds = Counter(action.kind for action in own)
        adds["categories"] = sum(action.payload.body.get("type") == CATEGORY for action in own)
        short = [kind for kind in used if adds[kind] and used[kind] + adds[kind] > LIMITS[kind]]
        if short:
            full[cohort_id] = "; ".join(_shortage(diff, kind, used, adds[kind]) for kind in short)
        elif full_category := _find_full_category(diff, own):
            full[cohort_id] = full_category
        else:
            used = {kind: used[kind] + adds[kind] for kind in used}
    return full


def _cohort_of(action: Action) -> int:
    return action.cohort_id or 0


def find_used(desired: DesiredGuild, observed: ObservedGuild) -> dict[str, int]:
    """Return how much of each limit is used, hidden objects included."""
    kinds = [channel.type for channel in observed.channels.values()]
    hidden = desired.hidden.counts
    return {
        "channels": len(kinds) + hidden.get("channels", 0),
        "categories": kinds.count(CATEGORY) + desired.hidden.categories,
        "roles": len(observed.roles) + hidden.get("roles", 0),
    }


def find_budget(desired: DesiredGuild, observed: ObservedGuild, plan: Plan) -> tuple[Budget, ...]:
    """Return how much of each limit is used, and how much the plan would add if it were allowed."""
    actions = [*plan.actions, *(held.action for held in plan.withheld)]

    def adds(kind: str) -> int:
        return sum(action.verb == "create" and action.kind == kind for action in actions)

    used = find_used(desired, observed)
    used["events"] = observed.count_listed("events") + desired.hidden.counts.get("events", 0)
    kinds = "channels", "roles", "events"
    return tuple(Budget(kind, used[kind], adds(kind), LIMITS[kind]) for kind in kinds)


def _shortage(diff: Diff, kind: str, used: dict[str, int], adds: int) -> str:
    hidden = diff.desired.hidden.counts.get(kind, 0)
    unseen = f" ({hidden} of them hidden from the bot)" if hidden else ""
    said = f"{used[kind]} of {LIMITS[kind]} {kind} exist{unseen}, {adds} would be added"
    due = count_removable(diff, kind)
    return f"{said}. Review {due} that are due for removal" if due else said


def _find_full_category(diff: Diff, creations: Iterable[Action]) -> str:
    """Describe an existing category that would hold too many channels, or return ""."""
    adds = Counter((action.payload.body or {}).get("parent_id") for action in creations)
    channels = diff.observed.channels
    inside = Counter(channel.parent_id for channel in channels.values())
    for category_id in (pk for pk in channels if adds[str(pk)]):
        held = inside[category_id] + diff.desired.hidden.by_category.get(category_id, 0)
        if held + adds[str(category_id)] > IN_CATEGORY:
            return (
                f"the category “{channels[category_id].name}” has {held} of {IN_CATEGORY} "
                f"channels, {adds[str(category_id)]} would be added"
            )
    return ""
