"""The actions that a run has left: in their lanes (`PlannedWork`), and for a group, with what keeps
them from being done (`Remaining`).

A plan for all groups is made every second. In between, the outcome of a call replaces the actions
of the few groups that it concerns (`PlannedWork.replace`), which costs the same for any number of
groups.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import Action, Due, Issue, IssueCode, Plan, Withheld

Place = tuple[int, int, int, str]  # in a lane: rank, group id (0: shared), order, key


class PlannedWork:
    """`plan` is the last one for all groups; `actions` and `withheld` are what is left now, by key.

    A lane is sorted by rank, then by group and by the order in the group's plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.actions: dict[str, Action] = {}
        self.withheld: set[str] = set()
        self._lanes: dict[str, list[Place]] = defaultdict(list)
        self._places: dict[str, Place] = {}
        self._keys: dict[int | None, list[str]] = defaultdict(list)  # by group
        self._order = count()
        self._add(plan)

    def replace(self, part: Plan) -> None:
        """Replace what is left for the groups of `part`."""
        for group_id in part.groups or ():
            for key in self._keys.pop(group_id, ()):
                self._remove(key)
        self._add(part)

    def _remove(self, key: str) -> None:
        self.withheld.discard(key)
        if action := self.actions.pop(key, None):
            lane = self._lanes[action.kind]
            del lane[bisect_left(lane, self._places.pop(key))]

    def _add(self, plan: Plan) -> None:
        for action in plan.actions:
            place = (action.rank, action.group_id or 0, next(self._order), action.key)
            insort(self._lanes[action.kind], place)
            self.actions[action.key], self._places[action.key] = action, place
            self._keys[action.group_id].append(action.key)
        for held in plan.withheld:
            self.withheld.add(held.action.key)
            self._keys[held.action.group_id].append(held.action.key)

    def is_planned(self, key: str) -> bool:
        return key in self.actions or key in self.withheld

    def lanes(self) -> Iterator[tuple[str, Iterator[Action]]]:
        """Yield each lane with its actions, the first one first."""
        for kind, places in self._lanes.items():
            yield kind, (self.actions[place[3]] for place in places)


# -- what is left for a group --------------------------------------------------------------------

Subject = tuple[int | None, int | None]  # a group's id, or a cohort's; (None, None): everything


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a group's remaining actions are not done."""

    code: str
    detail: str = ""
    failed: bool = False  # counts for the backoff
    wait: timedelta | None = None  # the wait that the service asked for


@dataclass(frozen=True, slots=True)
class Remaining:
    """The actions left in a plan. This run can do nothing more for those that are `stuck`."""

    failed: Mapping[str, CallFailed]
    parked: Mapping[str, datetime]
    stuck: frozenset[str]
    actions: Mapping[Subject, Sequence[Action]]
    withheld: Mapping[Subject, Sequence[Withheld]]
    issues: Mapping[int, Issue]  # by group: the most serious one

    @classmethod
    def of(
        cls,
        plan: Plan,
        failed: Mapping[str, CallFailed],
        parked: Mapping[str, datetime],
        in_flight: Sequence[Action] = (),
    ) -> Remaining:
        """Return what is left. Stuck actions failed, are withheld, parked, or need a stuck one.

        A call in flight is left and not stuck, also if the plan no longer has it or withholds it:
        its group is not finished before the result is compared with the facts.
        """
        running = {action.key: action for action in in_flight}
        stuck = {a.key for a in plan.actions if a.key in failed or a.kind in parked}
        stuck |= {held.action.key for held in plan.withheld}
        stuck -= running.keys()
        while more := {a.key for a in plan.actions if a.needs & stuck and a.key not in stuck}:
            stuck |= more
        actions, withheld = defaultdict(list), defaultdict(list)
        for action in (running | {action.key: action for action in plan.actions}).values():
            actions[_subject(action)].append(action)
        for held in plan.withheld:
            withheld[_subject(held.action)].append(held)
        issues = {issue.group_id: issue for issue in reversed(plan.issues)}  # the first of each
        return cls(failed, parked, frozenset(stuck), actions, withheld, issues)

    def is_open(self, due: Due) -> bool:
        return any(a.key not in self.stuck for a in self._actions(due))

    def has_work(self, due: Due) -> bool:
        """Return whether work for the group is left. What no one has requested yet is no work."""
        withheld = (h for h in self._held(due) if h.reason != IssueCode.NOT_REALIZED)
        return any(True for _ in (*self._actions(due), *withheld))

    def blocker(self, due: Due) -> Blocker | None:
        """Return the first thing that keeps the group out of sync, the most serious kind first."""
        return self._failure(due) or self._withheld(due) or self._parking(due) or self._issue(due)

    def _issue(self, due: Due) -> Blocker | None:
        issue = self.issues.get(due.group_id)
        return Blocker(issue.code, issue.detail) if issue else None

    def access_blocker(self, due: Due) -> Blocker | None:
        """Return what blocks people who still wait although nothing is left to do for now.

        A group that was not requested yet blocks no one.
        """
        found = self._failure(due) or self._withheld(due)
        return None if found and found.code == IssueCode.NOT_REALIZED else found

    def _failure(self, due: Due) -> Blocker | None:
        for action in self._actions(due):
            if error := self.failed.get(action.key):
                return Blocker(error.code, f"{action.target}: {error.detail}", failed=True)
        return None

    def _withheld(self, due: Due) -> Blocker | None:
        mine = self._held(due)
        if not mine:
            return None
        reason, detail = mine[0].reason, mine[0].detail
        people = {
            held.action.removes: held.action.person or held.action.removes
            for held in mine
            if held.reason == IssueCode.REMOVALS_HELD and held.action.removes
        }
        names = ", ".join(sorted(people.values())) if reason == IssueCode.REMOVALS_HELD else ""
        return Blocker(reason, detail or names or mine[0].action.target)

    def _parking(self, due: Due) -> Blocker | None:
        until = [self.parked[a.kind] for a in self._actions(due) if a.kind in self.parked]
        if not until:
            return None
        # Parking uses real time, `next_at` the facts' clock: only a duration carries over.
        return Blocker(
            IssueCode.RATE_LIMITED, wait=max(min(until) - datetime.now(UTC), timedelta(0))
        )

    def has_used_approval(self, due: Due) -> bool:
        """Whether no approved removal is left to do. A removal that failed stays approved."""
        left = {action.removes for action in self._actions(due)}
        return bool(due.approved) and left.isdisjoint(due.approved)

    def _actions(self, due: Due) -> list[Action]:
        return [one for subject in _subjects(due) for one in self.actions.get(subject, ())]

    def _held(self, due: Due) -> list[Withheld]:
        return [one for subject in _subjects(due) for one in self.withheld.get(subject, ())]


def _subject(action: Action) -> Subject:
    """Return what an action is about: a group, a cohort, or all groups."""
    return (None, action.cohort_id) if action.group_id is None else (action.group_id, None)


def _subjects(due: Due) -> tuple[Subject, ...]:
    """Return the subjects of the actions that concern a group; what it shares comes first."""
    return (None, None), (None, due.cohort_id), (due.group_id, None)
