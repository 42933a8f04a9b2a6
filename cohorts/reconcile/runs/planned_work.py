"""The actions that a run has left, indexed so that one outcome costs the same for any number of
groups.

A plan for all groups is made every second. In between, the outcome of a call replaces the actions
of the few groups that it concerns (`PlannedWork.replace`).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from itertools import count

from cohorts.reconcile.values import Action, Plan

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
