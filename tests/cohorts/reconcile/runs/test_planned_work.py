"""What a run has left after any outcomes, and in which order its lanes offer it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.reconcile.runs.planned_work import PlannedWork
from cohorts.reconcile.values import Action, Plan, Withheld


def act(key: str, group_id: int | None = 7, *, kind: str = "roles", rank: int = 0) -> Action:
    return Action(key, kind, "create", "target", "why", group_id=group_id, rank=rank)


def left(work: PlannedWork) -> dict[str, list[str]]:
    """Return the keys of what is left, in the order of each lane."""
    return {kind: [action.key for action in lane] for kind, lane in work.lanes()}


def part(*actions: Action, groups: Iterable[int], withheld: Iterable[Action] = ()) -> Plan:
    held = tuple(Withheld(action, "guild_full") for action in withheld)
    return Plan(actions, held, groups=frozenset(groups))


@pytest.mark.parametrize(
    ("actions", "order"),
    [
        ([act("a", 8), act("b", 7)], ["b", "a"]),
        ([act("a", 7, rank=2), act("b", 8, rank=1)], ["b", "a"]),
        ([act("b"), act("a")], ["b", "a"]),
        ([act("a", 1), act("b", None)], ["b", "a"]),
    ],
    ids=["by group", "by rank before the group", "as planned", "what a cohort shares first"],
)
def test_a_lane_is_in_order(actions, order):
    assert left(PlannedWork(Plan(tuple(actions)))) == {"roles": order}


def test_each_kind_has_its_lane():
    work = PlannedWork(Plan((act("a", kind="channels"), act("b"), act("c"))))
    assert left(work) == {"channels": ["a"], "roles": ["b", "c"]}


def test_what_is_left_for_a_group_is_replaced_and_the_rest_stays():
    whole = Plan((act("a"), act("b", 8), act("shared", None)), (Withheld(act("c"), "full"),))
    work = PlannedWork(whole)
    work.replace(part(act("c"), groups={7}, withheld=[act("d")]))
    assert work.plan is whole
    assert left(work) == {"roles": ["shared", "c", "b"]}
    assert work.withheld == {"d"}
    assert [work.is_planned(key) for key in ("a", "b", "c", "d")] == [False, True, True, True]


_keys = st.sampled_from("abcd")
_kinds = st.sampled_from(["roles", "access"])
_works = st.dictionaries(_keys, st.tuples(_kinds, st.integers(0, 2), st.booleans()))
_groups = st.dictionaries(st.integers(1, 3), _works)


def plan_of(groups: dict[int, dict[str, tuple[str, int, bool]]]) -> Plan:
    """Return a plan for these groups, some of whose actions are withheld."""
    done, withheld = [], []
    for group_id, works in groups.items():
        for key, (kind, rank, is_held) in works.items():
            action = act(f"{key} {group_id}", group_id, kind=kind, rank=rank)
            (withheld if is_held else done).append(action)
    return part(*done, groups=groups, withheld=withheld)


@given(first=_groups, parts=st.lists(_groups, max_size=4))
def test_after_any_outcomes_the_rest_is_that_of_a_whole_plan(first, parts):
    work = PlannedWork(plan_of(first))
    groups = first
    for one in parts:
        work.replace(plan_of(one))
        groups = groups | one
    whole = PlannedWork(plan_of(groups))
    assert {kind: lane for kind, lane in left(work).items() if lane} == left(whole)
    assert (work.actions, work.withheld) == (whole.actions, whole.withheld)
