"""Plan again what the outcome of one call can have changed.  Pure; see plan.py.

It costs the same for any number of groups, and gives what a whole plan would give.
"""

from collections.abc import Mapping
from dataclasses import replace

from cohorts.reconcile.values import Action, Plan, Policy
from discordsync.desired import DesiredGuild
from discordsync.plan.calls import Item
from discordsync.plan.diff import Diff
from discordsync.plan.direct_messages import plan_direct_messages
from discordsync.plan.plan import Basis, combine, plan_groups
from discordsync.state.observed import ObservedGuild

# Their outcomes change what is left for their own group, and what the others share stays as it is:
# what was created counts as used instead of as added.
OWN = {
    "roles": frozenset({"create"}),
    "channels": frozenset({"create", "open", "restore", "remove", "take back"}),
    "access": frozenset({"grant", "revoke"}),
    "events": frozenset({"create", "edit"}),
    "messages": frozenset({"send", "delete"}),
}


def replan(
    plan: Plan, action: Action, desired: DesiredGuild, observed: ObservedGuild, policy: Policy
) -> Plan | None:
    """Return the part of a plan that an outcome can have changed, see `Replans.replan`."""
    basis: Basis = plan.basis
    ids = find_concerned(action, desired, basis.granting)
    if not ids or desired.approvals:  # approved removals make room
        return None
    diff = Diff(desired, observed, policy, basis.creatable)
    groups = [desired.groups[pk] for pk in sorted(ids & policy.groups & desired.groups.keys())]
    items: list[Item] = [issue for group in groups for issue in basis.reports.get(group.id, ())]
    if any(group.direct_messages for group in groups):
        items += (direct for direct in plan_direct_messages(diff) if direct.group_id in ids)
    items += plan_groups(diff, groups, basis.chosen)
    revoking = {
        person: frozenset(pk for pk in group_ids if diff.holds_role(person, pk))
        for person, group_ids in basis.revoking.items()
    }
    return replace(combine(diff, items, revoking, basis.full), groups=ids)


def find_concerned(
    action: Action, desired: DesiredGuild, granting: Mapping[int, frozenset[int]]
) -> frozenset[int]:
    """Return the groups whose plan the outcome of an action can change; none: it can be any."""
    if action.kind == "directs":
        return frozenset(pk for pk, group in desired.groups.items() if group.direct_messages)
    if action.group_id is None or action.verb not in OWN.get(action.kind, ()):
        return frozenset()
    own = frozenset({action.group_id})
    match action.kind, action.verb:
        case "roles", _:  # a call that creates a role lists the other roles of that name
            return own | desired.by_role_name[desired.groups[action.group_id].role_name]
        case _, "revoke":  # grants wait for the same person's revocations in other groups
            return own | granting.get(action.payload.subject, frozenset())
        case _:
            return own
