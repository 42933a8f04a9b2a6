"""Helpers that name and order actions and withhold those that no one requested.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cohorts.reconcile.values import Action, Issue, IssueCode, Withheld
from discordsync.plan.calls import Call
from discordsync.plan.diff import Diff
from discordsync.state.desired_state import DesiredGroup

Item = Action | Withheld | Issue


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of an object: one group, or a cohort (`group` is None).

    `reporter` is the group that reports minor issues with the object.
    """

    cohort_id: int
    group: DesiredGroup | None
    reporter: DesiredGroup | None

    @classmethod
    def of(cls, group: DesiredGroup) -> Owner:
        return cls(group.cohort_id, group, group)

    @property
    def group_id(self) -> int | None:
        return self.group.id if self.group else None


def key_to_send(message_id: int) -> str:
    return f"send {message_id}"


def rank(group: DesiredGroup, step: int) -> int:
    """Return a rank that finishes the first group long before the last one is created."""
    return 10 + 4 * group.position + step


def keys_to_create(*needed: str) -> frozenset[str]:
    """Return the keys of the actions that create these objects, for an action's `needs`."""
    return frozenset(f"create {key}" for key in needed)


def create(
    owner: Owner,
    call: Call,
    kind: str,
    target: str,
    *,
    needs: frozenset[str] = frozenset(),
    step: int = 0,
) -> Action:
    return Action(
        key=f"create {call.key}",
        kind=kind,
        verb="create",
        target=target,
        why="realize was requested",
        group_id=owner.group_id,
        cohort_id=owner.cohort_id,
        needs=needs,
        rank=rank(owner.group, step) if owner.group else step,
        creates=True,
        payload=call,
    )


def if_requested(diff: Diff, group: DesiredGroup, action: Action) -> Item:
    """Withhold the creation of infrastructure unless it was requested for the group."""
    return action if diff.may_create(group.id) else Withheld(action, IssueCode.NOT_REALIZED)


def edit(owner: Owner, call: Call, kind: str, target: str, why: str) -> Action:
    return Action(
        key=f"edit {call.key} {' '.join(sorted(call.body or ()))}",
        kind=kind,
        verb="edit",
        target=target,
        why=why,
        group_id=owner.group_id,
        cohort_id=owner.cohort_id,
        rank=rank(owner.group, 3) if owner.group else 3,
        repeatable=True,
        payload=call,
    )
