"""Plan which people get a group's role and which lose it.  Pure; see plan.py."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from cohorts.reconcile.values import Action, Issue, Withheld
from discordsync.desired import DesiredGroup
from discordsync.plan import calls
from discordsync.plan.calls import Item
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.state import keys


def plan_access(diff: Diff, group: DesiredGroup) -> Iterator[Item]:
    role = diff.role(keys.role(group.id))
    if role is not None:
        changes = list(_changes(diff, group, role.id))
        if diff.can_manage(role):
            yield from changes
        else:
            yield from (Withheld(change, "role_too_low") for change in changes)
        if role.id in diff.observed.incomplete:
            yield Issue(group.id, "members_incomplete")
    elif diff.status(keys.role(group.id)) is ObjectStatus.NOT_CREATED and diff.is_creatable(group):
        for person in sorted(group.people.keys() & diff.observed.members.keys()):
            yield _grant(diff, group, person, 0)


def _changes(diff: Diff, group: DesiredGroup, role_id: int) -> Iterator[Action]:
    holders = diff.holders(role_id)
    for person in sorted(holders - group.people.keys()):
        yield _revoke(diff, group, person, role_id)
    if group.is_archive and not diff.is_read_only(group):
        return  # the role would let them write
    present = diff.observed.members.keys()
    for person in sorted((group.people.keys() & present) - holders):
        yield _grant(diff, group, person, role_id)


# Revocations come before grants, so that no one is in the new group and still in the old one.
# A farewell message can delay a revocation briefly; the person's grants then wait as well.


def revoke_before_granting(
    actions: Iterable[Action], revoking: Mapping[int, frozenset[int]]
) -> Iterator[Action]:
    """Order each grant after the same person's revocations, if those are attempted at all.

    `revoking`: the groups whose role a person loses.
    """
    for action in actions:
        if action.verb == "grant" and (groups := revoking.get(action.payload.subject)):
            keys_to_revoke = (_key_to_revoke(pk, action.payload.subject) for pk in groups)
            yield replace(action, after=frozenset(keys_to_revoke))
        else:
            yield action


def find_access(actions: Iterable[Action], verb: str) -> dict[int, frozenset[int]]:
    """Return the groups whose role a person is to get or lose ("grant", "revoke")."""
    found: dict[int, set[int]] = defaultdict(set)
    for action in actions:
        if action.kind == "access" and action.verb == verb:
            found[action.payload.subject].add(action.group_id or 0)
    return {person: frozenset(groups) for person, groups in found.items()}


def _key_to_revoke(group_id: int, person: int) -> str:
    return f"revoke {group_id} {person}"


def _revoke(diff: Diff, group: DesiredGroup, person: int, role_id: int) -> Action:
    ended = group.why_ended(person)
    return Action(
        key=_key_to_revoke(group.id, person),
        kind="access",
        verb="revoke",
        target=f"“{group.name}” from {diff.person_name(person)}",
        why=ended or "no membership, visit or exception gives access",
        group_id=group.id,
        cohort_id=group.cohort_id,
        after=frozenset(keys.to_send(message.id) for message in group.messages),  # a farewell
        rank=0 if group.active else 1,
        removes=None if ended else str(person),
        person="" if ended else diff.person_name(person),
        ends=bool(ended),
        repeatable=True,
        payload=calls.revoke(diff.observed.guild_id, person, role_id),
    )


def _grant(diff: Diff, group: DesiredGroup, person: int, role_id: int) -> Action:
    return Action(
        key=f"grant {group.id} {person}",
        kind="access",
        verb="grant",
        target=f"“{group.name}” to {diff.person_name(person)}",
        why="access as a member, as a guest or by an exception",
        group_id=group.id,
        cohort_id=group.cohort_id,
        needs=keys.all_to_create(keys.role(group.id)),
        rank=2 if group.active else 3,
        repeatable=True,
        payload=calls.grant(diff.observed.guild_id, person, role_id),
    )


# -- for the removal guard -----------------------------------------------------------------------


def find_people(diff: Diff) -> frozenset[int]:
    """Return everyone with desired or observed access; the removal guard measures against them."""
    groups = diff.desired.groups.values()
    wanted = chain.from_iterable(group.people for group in groups)
    return frozenset(wanted).union(*(diff.people_with_access(group) for group in groups))


def find_removals(diff: Diff) -> frozenset[tuple[int, str]]:
    """Return (group id, person) of everyone with access that neither facts nor a date explain."""
    return frozenset(
        (group.id, str(person))
        for group in diff.desired.groups.values()
        for person in diff.people_with_access(group) - group.people.keys()
        if not group.why_ended(person)
    )
