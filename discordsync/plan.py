"""From what should stand and what stands to what is left to do.  Pure: no Django, network, clock.

Infrastructure (category, cohort channel, role, text and voice channel), by its record:

    record says        asked for    not asked for
    no id yet          create       withheld: needs_infrastructure
    an id, listed      compare: see plan_repairs.py
    an id, gone        reported as missing; made anew only when staff forget the record
    an id, unasked     reported as being checked; the next look asks for it
    an id, unseen      reported as hidden from the bot: no answer proves absence

What hangs on something that is missing or hidden is not made either.

Leaves (role grants, overwrites, events, messages) need only their parent:

    a person           wanted, lacks the role             grant, once they are in the guild
                       holds it, access ended on a date   revoke
                       holds it for no reason             revoke, under the guard (`removes`)
    an event           see plan_events.py
    a message          owed, and the text channel stands  send
                       owed to a person directly          see plan_directs.py

At last the policy of the whole withholds what cannot be done: see `_fit`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cohorts.sync.mirror import Action, Plan, Policy, Trouble, Withheld
from discordsync import calls, keys, permissions
from discordsync.desired import Desired, WantedGroup
from discordsync.look import Look
from discordsync.observed import CATEGORY, Observed
from discordsync.plan_access import find_people, find_removals, plan_access, take_before_giving
from discordsync.plan_cohort import plan_cohort
from discordsync.plan_directs import plan_directs
from discordsync.plan_events import plan_events
from discordsync.plan_infrastructure import plan_infrastructure
from discordsync.steps import Item, key_to_send, rank

LIMITS = {"channels": 500, "categories": 50, "roles": 250}  # of a guild; categories are channels
IN_CATEGORY = 50
# Harmless, or over in a moment: reported when nothing else is wrong.
WORTH_KNOWING = frozenset({"renamed", "moved", "unconfirmed"})


def plan(desired: Desired, observed: Observed, policy: Policy) -> Plan:
    look = Look(desired, observed, policy)
    items = list(_items(look))
    found = take_before_giving(item for item in items if isinstance(item, Action))
    actions, withheld = _fit(look, found)
    troubles = (item for item in items if isinstance(item, Trouble))
    return Plan(
        actions=tuple(actions),
        withheld=(*withheld, *(item for item in items if isinstance(item, Withheld))),
        troubles=tuple(sorted(troubles, key=lambda trouble: trouble.code in WORTH_KNOWING)),
        people=len(find_people(look)),
        removals=find_removals(look),
    )


def _items(look: Look) -> Iterator[Item]:
    for cohort_id in sorted({group.cohort_id for group in look.due_groups()}):
        yield from plan_cohort(look, cohort_id)
    for group in look.due_groups():
        yield from plan_infrastructure(look, group)
        yield from plan_access(look, group)
        yield from _messages(look, group)
    yield from plan_directs(look)
    yield from plan_events(look)


# -- messages ------------------------------------------------------------------------------------


def _messages(look: Look, group: WantedGroup) -> Iterator[Action]:
    channel = look.channel(keys.text_channel(group.id))
    if channel is None:
        return
    for message in group.messages:
        if message.id in look.observed.sent:
            continue
        yield Action(
            key=key_to_send(message.id),
            kind="messages",
            verb="send",
            target=f"“{message.kind}” in “{channel.name}”",
            why="it is owed",
            group_id=group.id,
            cohort_id=group.cohort_id,
            rank=rank(group, 0),
            alone=True,
            payload=calls.send_message(channel.id, message),
        )


# -- policy of the whole -------------------------------------------------------------------------


def _fit(look: Look, actions: list[Action]) -> tuple[list[Action], list[Withheld]]:
    """Withhold what the bot may not do or the guild has no room for.

    It is told before the first call, and nothing is left half-done: a cohort is made as a whole or
    not begun.  What needs neither room nor the lacking permissions goes on.
    """
    full = _find_full(look, [action for action in actions if action.creates])
    kept, withheld = [], []
    for action in actions:
        needed = permissions.ALL_NEEDED if action.creates else permissions.needed_for(action.kind)
        if lacking := permissions.lacking(look.observed.bot_permissions, needed):
            detail = f"missing: {', '.join(lacking)}"
            withheld.append(Withheld(action, "missing_permissions", detail))
        elif action.creates and action.cohort_id in full:
            withheld.append(Withheld(action, "guild_full", full[action.cohort_id]))
        else:
            kept.append(_with_listed(look, action) if action.creates else action)
    return kept, withheld


def _find_full(look: Look, creations: list[Action]) -> dict[int | None, str]:
    """Cohorts for which there is no room, with the numbers; the others are counted before them."""
    used = find_used(look.desired, look.observed)
    full: dict[int | None, str] = {}
    for cohort_id in sorted({action.cohort_id or 0 for action in creations}):
        own = [action for action in creations if action.cohort_id == cohort_id]
        adds = Counter(action.kind for action in own)
        adds["categories"] = sum(action.payload.body.get("type") == CATEGORY for action in own)
        short = [kind for kind in LIMITS if adds[kind] and used[kind] + adds[kind] > LIMITS[kind]]
        if short:
            full[cohort_id] = "; ".join(_shortage(look, kind, used, adds[kind]) for kind in short)
        elif crowded := _find_crowded(look, own):
            full[cohort_id] = crowded
        else:
            used = {kind: used[kind] + adds[kind] for kind in used}
    return full


def find_used(desired: Desired, observed: Observed) -> dict[str, int]:
    """How much of each limit is used, by what the bot sees and by what it does not."""
    kinds = [channel.type for channel in observed.channels.values()]
    hidden = desired.hidden.counts
    return {
        "channels": len(kinds) + hidden.get("channels", 0),
        "categories": kinds.count(CATEGORY) + desired.hidden.categories,
        "roles": len(observed.roles) + hidden.get("roles", 0),
    }


def _shortage(look: Look, kind: str, used: dict[str, int], adds: int) -> str:
    hidden = look.desired.hidden.counts.get(kind, 0)
    unseen = f" ({hidden} of them hidden from the bot)" if hidden else ""
    return f"{used[kind]} {kind} stand{unseen}, {adds} would be added, {LIMITS[kind]} may be"


def _find_crowded(look: Look, creations: Iterable[Action]) -> str:
    """A category that stands and would hold too much, since others put channels into it."""
    adds = Counter((action.payload.body or {}).get("parent_id") for action in creations)
    for category in look.observed.channels.values():
        held = sum(c.parent_id == category.id for c in look.observed.channels.values())
        held += look.desired.hidden.by_category.get(category.id, 0)
        if (added := adds[str(category.id)]) and held + added > IN_CATEGORY:
            return (
                f"the category “{category.name}” holds {held} channels, {added} would be added, "
                f"{IN_CATEGORY} may be"
            )
    return ""


def _with_listed(look: Look, action: Action) -> Action:
    """A refusal for want of room then tells how much the bot does not see."""
    listed = {"channels": look.observed.channels, "roles": look.observed.roles}
    call = replace(action.payload, listed=len(listed[action.kind]))
    return replace(action, payload=call)
