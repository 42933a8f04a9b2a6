"""Plan the deletion of what staff have approved.  Pure; see plan.py.

object                                        what follows
--------------------------------------------  --------------------------------------------------
not approved, or its group has not ended      nothing
another id than the one that was approved     withheld
a channel with a newer message                withheld
a category with channels that stay            withheld
a role above the bot's own                    withheld
otherwise                                     deleted: voice, text, cohort channel, role, then
                                              category
"""

from collections.abc import Iterator

from cohorts.reconcile.values import Action, Removable, Withheld
from discordsync.desired import DesiredGroup
from discordsync.plan import calls
from discordsync.plan.calls import Item
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.state import keys
from discordsync.state.observed import ObservedChannel, ObservedRole, moment_of

ORDER = ("voice_channel", "text_channel", "cohort_channel", "role", "category")
LAST_RANK = 1000  # removals come after everything else in their lane
LIMITED = {"roles": ("role",), "categories": ("category",)}


def plan_removals(diff: Diff) -> Iterator[Item]:
    """Plan the approved removals of the due groups and of what their cohorts share."""
    planned: dict[str, Action] = {}
    for key, group in _due_keys(diff):
        approval = diff.desired.approvals.get(key)
        if approval is None or not approval.is_valid or not diff.exists(key):
            continue
        action = _remove(diff, key, group, planned)
        if reason := _find_refusal(diff, key, planned):
            yield Withheld(action, reason)
        else:
            planned[key] = action
            yield action


def find_removable(diff: Diff) -> tuple[Removable, ...]:
    """Return everything of the policy's groups that staff may remove or keep, in order."""
    absent = {ObjectStatus.NOT_CREATED, ObjectStatus.GONE}
    return tuple(
        _describe(diff, key, group)
        for key, group in _due_keys(diff)
        if diff.status(key) not in absent
    )


def count_removable(diff: Diff, kind: str) -> int:
    """Return how many objects that count to a limit are due for removal."""
    kinds = LIMITED.get(kind, tuple(one for one in ORDER if one != "role"))
    return sum(keys.kind_of(key) in kinds and diff.exists(key) for key, _ in _removable_keys(diff))


def _removable_keys(diff: Diff) -> list[tuple[str, DesiredGroup]]:
    """Return the keys of all removable objects in the order of removal, each with its group, or
    with a group of its cohort if the whole cohort shares it."""
    found: list[tuple[str, DesiredGroup]] = []
    for groups in diff.desired.by_cohort.values():
        over = [group for group in groups if group.removable]
        for kind in ("voice_channel", "text_channel", "role"):
            found += [(f"{kind}:{group.id}", group) for group in over]
        if len(over) == len(groups):
            found += [(key, over[0]) for key in _shared_keys(diff, over[0].cohort_id)]
    known = [(key, group) for key, group in found if key in diff.desired.records]
    return sorted(known, key=lambda one: (one[1].cohort_id, ORDER.index(keys.kind_of(one[0]))))


def _shared_keys(diff: Diff, cohort_id: int) -> list[str]:
    shared = (key for key in diff.desired.records if keys.is_shared(key))
    return sorted(key for key in shared if keys.number_of(key) == cohort_id)


def _due_keys(diff: Diff) -> list[tuple[str, DesiredGroup]]:
    """Return the removable keys of the due groups, and what their cohorts share."""
    due = diff.due_groups
    groups, cohorts = {group.id for group in due}, {group.cohort_id for group in due}
    return [
        (key, group)
        for key, group in _removable_keys(diff)
        if (group.cohort_id in cohorts if keys.is_shared(key) else group.id in groups)
    ]


def _remove(diff: Diff, key: str, group: DesiredGroup, planned: dict[str, Action]) -> Action:
    kind, outside_id = keys.kind_of(key), diff.id_of(key) or 0
    is_role = kind == "role"
    last = diff.desired.approvals[key].last_message_id
    return Action(
        key=f"remove {key}",
        kind="roles" if is_role else "channels",
        verb="delete",
        target=f"the {keys.title_of(key)} “{diff.observed.name_of(outside_id)}”",
        why="its removal was approved",
        group_id=None if keys.is_shared(key) else group.id,
        cohort_id=group.cohort_id,
        needs=frozenset(action.key for action in _before(key, group, planned)),
        rank=LAST_RANK + ORDER.index(kind),
        payload=calls.delete_role(diff.observed.guild_id, outside_id, key)
        if is_role
        else calls.delete_channel(outside_id, key, last),
    )


def _before(key: str, group: DesiredGroup, planned: dict[str, Action]) -> Iterator[Action]:
    """Yield the removals that come before this one: a group's channels before its role, and every
    channel of a cohort before its categories."""
    place = ORDER.index(keys.kind_of(key))
    for other, action in planned.items():
        is_earlier = ORDER.index(keys.kind_of(other)) < place
        is_related = keys.is_shared(key) or keys.is_shared(other) or action.group_id == group.id
        if is_earlier and is_related and action.cohort_id == group.cohort_id:
            yield action


def _find_refusal(diff: Diff, key: str, planned: dict[str, Action]) -> str:
    """Return the code of the reason why an approved object is not removed, or ""."""
    approval, outside_id = diff.desired.approvals[key], diff.id_of(key)
    if approval.outside_id != outside_id:
        return "removal_void"
    role, channel = diff.role(key), diff.channel(key)
    if role is not None:
        return "" if diff.can_manage(role) else "role_too_low"
    if channel is not None and channel.last_message_id != approval.last_message_id:
        return "removal_void"
    if keys.kind_of(key) == "category":
        leaving = {action.payload.subject for action in planned.values()}
        hidden = diff.desired.hidden.by_category.get(outside_id or 0, 0)
        return "category_in_use" if hidden or _inside(diff, outside_id) - leaving else ""
    return ""


def _inside(diff: Diff, category_id: int | None) -> set[int]:
    channels = diff.observed.channels.values()
    return {channel.id for channel in channels if channel.parent_id == category_id}


def _describe(diff: Diff, key: str, group: DesiredGroup) -> Removable:
    outside_id = diff.id_of(key) or 0
    found: ObservedChannel | ObservedRole | None = diff.channel(key) or diff.role(key)
    last = found.last_message_id if isinstance(found, ObservedChannel) else 0
    record = diff.desired.records[key]
    return Removable(
        key=key,
        group_id=None if keys.is_shared(key) else group.id,
        cohort_id=group.cohort_id,
        kind=keys.title_of(key),
        name=diff.observed.name_of(outside_id) or record.name_returned or record.name_sent,
        outside_id=str(outside_id),  # a number of this size would not survive JSON everywhere
        made_at=moment_of(outside_id).isoformat(),
        last_message_id=str(last or ""),
        last_message_at=moment_of(last).isoformat() if last else "",
        adopted=not record.name_sent,
        is_listed=found is not None,
    )
