"""No single answer empties the house."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.reconcile.runs.policy import (
    FEW,
    SHARE,
    hold_all,
    hold_orphaned,
    hold_removals,
    restrict,
    restrict_part,
)
from cohorts.reconcile.values import Action, Due, Issue, IssueCode, Orphans, Plan, Withheld

GROUP = 7


def removal(person: int, group: int = GROUP, removes: str | None = "") -> Action:
    return Action(
        key=f"revoke {group} {person}",
        kind="access",
        verb="revoke",
        target=f"person {person}",
        why="",
        group_id=group,
        removes=str(person) if removes == "" else removes,
    )


def plan_of(persons: int, people: int, *, group: int = GROUP) -> Plan:
    actions = tuple(removal(n, group) for n in range(persons))
    return Plan(
        actions=actions,
        people=people,
        removals=frozenset((group, str(n)) for n in range(persons)),
    )


@pytest.mark.parametrize(
    ("persons", "people", "held"),
    [
        (0, 0, 0),
        (5, 5, 0),  # everyone, but few
        (5, 320, 0),
        (6, 24, 0),  # a quarter, but not more than a quarter
        (6, 23, 6),
        (80, 320, 0),
        (81, 320, 81),
        (320, 320, 320),
    ],
)
def test_only_many_and_more_than_a_quarter_are_held(persons, people, held):
    guarded = hold_removals(plan_of(persons, people))

    assert len(guarded.withheld) == held
    assert len(guarded.actions) == persons - held
    assert {one.reason for one in guarded.withheld} <= {"removals_held"}


def test_people_are_counted_and_not_their_groups():
    pairs = [(group, person) for group in (1, 2, 3) for person in range(5)]
    plan = Plan(
        actions=tuple(removal(person, group) for group, person in pairs),
        people=6,
        removals=frozenset((group, str(person)) for group, person in pairs),
    )
    assert hold_removals(plan) == plan


def test_what_a_date_explains_waits_for_no_one():
    explained = removal(99, removes=None)
    plan = plan_of(10, 10)
    guarded = hold_removals(Plan((*plan.actions, explained), (), (), 10, plan.removals))
    assert guarded.actions == (explained,)


def test_removals_in_groups_that_are_not_due_count_too():
    plan = Plan(
        actions=(removal(0),),
        people=10,
        removals=frozenset((group, str(group)) for group in range(9)) | {(GROUP, "0")},
    )
    assert hold_removals(plan).actions == ()


def test_an_approval_covers_exactly_the_named_people():
    plan = plan_of(10, 10)
    approved = {(GROUP, "1"), (GROUP, "2"), (8, "3")}

    guarded = hold_removals(plan, approved)

    assert {action.removes for action in guarded.actions} == {"1", "2"}
    assert len(guarded.withheld) == 8


def test_approving_some_frees_none_of_the_others_though_few_are_left():
    left = plan_of(4, 10)
    assert len(hold_removals(left, (), waiting={GROUP}).withheld) == 4
    assert hold_removals(left, (), waiting={8}) == left
    freed = hold_removals(left, {(GROUP, "3")}, waiting={GROUP})
    assert {action.removes for action in freed.actions} == {"3"}


def test_a_plan_held_back_as_a_whole_does_nothing():
    plan = plan_of(3, 10)
    held = hold_all(plan, "paused")
    assert held.actions == ()
    assert held.withheld == tuple(Withheld(action, "paused") for action in plan.actions)


def test_without_orphans_nothing_is_held():
    plan = plan_of(3, 10)
    assert hold_orphaned(plan, Orphans(), {GROUP: 1}) is plan


def test_orphans_hold_the_work_on_what_they_name_except_ends_of_access():
    orphans = Orphans(names=("heron", "alder"), groups=frozenset({1}), cohorts=frozenset({20}))
    named, in_cohort, free = (
        Action(key, "role", "create", key, "", group_id=group, cohort_id=cohort)
        for key, group, cohort in [("named", 1, 10), ("in cohort", 2, 20), ("free", 3, 10)]
    )
    end = replace(named, key="end", ends=True)
    before = (
        Withheld(replace(named, key="old"), "not_asked"),
        Withheld(replace(in_cohort, key="older"), "not_asked"),
        Withheld(free, "not_asked", "why"),
    )
    known = Issue(3, "no_members")

    plan = hold_orphaned(
        Plan((named, in_cohort, free, end), before, (known,)), orphans, {3: 10, 2: 20, 1: 10}
    )

    detail = "“heron”, “alder”"
    assert plan.actions == (free, end)
    assert plan.withheld == (
        Withheld(named, "orphaned", detail),
        Withheld(in_cohort, "orphaned", detail),
        replace(before[0], reason="orphaned", detail=detail),
        replace(before[1], reason="orphaned", detail=detail),
        before[2],
    )
    assert plan.issues == (
        Issue(1, "orphaned", detail),
        Issue(2, "orphaned", detail),
        known,
    )


# -- the three filters together ------------------------------------------------------------------

NAMED = Orphans(names=("heron",), groups=frozenset({GROUP}), cohorts=frozenset({20}))


def test_where_nothing_may_be_written_each_action_waits_for_that_reason():
    plan = plan_of(2, 100)
    assert restrict(plan, (), Orphans(), "paused") == hold_all(plan, "paused")
    assert restrict(plan, (), Orphans(), "") == plan


def test_orphans_hold_what_is_done_in_the_groups_of_their_cohort():
    plan = plan_of(2, 100)
    guarded = restrict(plan, [Due(GROUP, 20)], NAMED, "")
    assert guarded == hold_orphaned(plan, NAMED, {GROUP: 20})
    assert guarded.issues == (Issue(GROUP, IssueCode.ORPHANED, "“heron”"),)


def test_removals_that_waited_go_on_waiting_except_those_that_staff_approved():
    plan = plan_of(3, 100)
    waiting = Due(GROUP, 20, issue=IssueCode.REMOVALS_HELD, approved=("1",))
    assert {action.removes for action in restrict(plan, [waiting], Orphans(), "").actions} == {"1"}
    assert restrict(plan, [replace(waiting, issue="")], Orphans(), "") == plan


pairs = st.tuples(st.integers(1, 4), st.integers(0, 12))


@given(
    unexplained=st.sets(pairs, max_size=40),
    explained=st.sets(pairs, max_size=10),
    approved=st.sets(pairs, max_size=10),
    waiting=st.sets(st.integers(1, 4)),
    more_people=st.integers(0, 60),
)
def test_with_any_plan_the_guard_only_withholds(
    unexplained, explained, approved, waiting, more_people
):
    actions = [removal(person, group) for group, person in sorted(unexplained)]
    actions += [removal(p, g, removes=None) for g, p in sorted(explained - unexplained)]
    removals = frozenset((group, str(person)) for group, person in unexplained)
    people = len({person for _, person in removals}) + more_people
    allowed = {(group, str(person)) for group, person in approved}
    plan = Plan(tuple(actions), (), (), people, removals)

    guarded = hold_removals(plan, allowed, waiting)

    held = [one.action for one in guarded.withheld]
    assert sorted(a.key for a in (*guarded.actions, *held)) == sorted(a.key for a in actions)
    assert all(action.removes for action in held)
    assert all((action.group_id, action.removes) not in allowed for action in held)
    freed = {a.removes for a in guarded.actions if a.removes}
    unseen = {
        a.removes for a in guarded.actions if a.removes and (a.group_id, a.removes) not in allowed
    }
    assert len(unseen) <= FEW or len(unseen) <= SHARE * people
    assert freed <= {person for _, person in removals}


# -- parts of plans --------------------------------------------------------------------------------


@pytest.mark.parametrize(("persons", "held"), [(5, 0), (6, 1)])
def test_a_part_is_guarded_by_the_numbers_of_the_whole_plan(persons, held):
    whole = plan_of(persons, 20)
    part = Plan(actions=(removal(3),), groups=frozenset({GROUP}))

    guarded = restrict_part(part, whole, (), Orphans(), "")

    assert [len(guarded.withheld), len(guarded.actions)] == [held, 1 - held]


def test_a_removal_that_the_whole_plan_has_not_counted_waits_for_the_next_one():
    dated = removal(8, removes=None)
    part = Plan(actions=(removal(3), removal(7), dated), groups=frozenset({GROUP}))

    guarded = restrict_part(part, plan_of(5, 20), (), Orphans(), "")

    assert guarded.actions == (removal(3), dated)
    assert guarded.withheld == ()


def test_a_part_waits_for_the_reasons_for_which_the_whole_plan_would():
    whole = plan_of(3, 20)
    part = Plan(actions=(removal(2),), groups=frozenset({GROUP}))
    due = [Due(GROUP, 20)]
    for orphans, read_only in [(NAMED, ""), (Orphans(), "paused")]:
        guarded = restrict_part(part, whole, due, orphans, read_only)
        assert guarded.withheld == restrict(part, due, orphans, read_only).withheld
        assert [one.reason for one in guarded.withheld] == [read_only or IssueCode.ORPHANED]
    assert restrict_part(part, whole, due, Orphans(), "").people == whole.people
