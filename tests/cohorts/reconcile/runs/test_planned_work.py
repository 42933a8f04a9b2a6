"""What a run has left after any outcomes, in which order its lanes offer it, and what blocks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.reconcile.errors import Refused
from cohorts.reconcile.runs.planned_work import Blocker, PlannedWork, Remaining
from cohorts.reconcile.values import Action, Due, Issue, IssueCode, Plan, Withheld


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


# -- what is left for a group --------------------------------------------------------------------

DUE = Due(group_id=7, cohort_id=3)
SHARED = Action("category", "channels", "create", "category", "why", cohort_id=3)
ROLE, GRANT = act("role"), act("grant", kind="access")
NEEDY = Action("late", "access", "grant", "target", "why", group_id=7, needs=frozenset({"role"}))
NEEDIEST = Action("last", "access", "grant", "target", "why", group_id=7, needs=frozenset({"late"}))
NO = Refused("Missing Access", code="forbidden")


def rest(*actions: Action, withheld: Iterable[Withheld] = (), **more) -> Remaining:
    plan = Plan(actions, tuple(withheld), more.pop("issues", ()))
    return Remaining.of(plan, more.pop("failed", {}), more.pop("parked", {}), **more)


@pytest.mark.parametrize(
    ("actions", "more", "is_open"),
    [
        ([], {}, False),
        ([ROLE], {}, True),
        ([act("role", 8)], {}, False),
        ([SHARED], {}, True),
        ([replace(SHARED, cohort_id=4)], {}, False),
        ([act("report", None)], {}, True),
        ([ROLE], {"failed": {"role": NO}}, False),
        ([ROLE, GRANT], {"failed": {"role": NO}}, True),
        ([ROLE, NEEDY, NEEDIEST], {"failed": {"role": NO}}, False),
        ([NEEDY], {"withheld": [Withheld(ROLE, "guild_full")]}, False),
        ([GRANT], {"parked": {"access": datetime.now(UTC)}}, False),
        ([], {"in_flight": [ROLE]}, True),
        ([], {"withheld": [Withheld(ROLE, "guild_full")], "in_flight": [ROLE]}, True),
    ],
    ids=[
        "nothing left",
        "its action",
        "another group's action",
        "its cohort's action",
        "another cohort's action",
        "everyone's action",
        "failed",
        "one of two failed",
        "needs what needs what failed",
        "needs what is withheld",
        "its lane is parked",
        "in flight, and no longer planned",
        "in flight, and withheld since",
    ],
)
def test_a_group_is_open_while_this_run_can_do_something_for_it(actions, more, is_open):
    assert rest(*actions, **more).is_open(DUE) is is_open


@pytest.mark.parametrize(
    ("actions", "more", "has_work"),
    [
        ([], {}, False),
        ([ROLE], {"failed": {"role": NO}}, True),
        ([], {"withheld": [Withheld(ROLE, IssueCode.NOT_REALIZED)]}, False),
        ([], {"withheld": [Withheld(ROLE, "guild_full")]}, True),
        ([], {"withheld": [Withheld(SHARED, "guild_full")]}, True),
        ([], {"withheld": [Withheld(act("role", 8), "guild_full")]}, False),
    ],
    ids=[
        "none",
        "what failed",
        "not what no one requested",
        "what is withheld",
        "what is withheld of its cohort",
        "not another group's",
    ],
)
def test_work_is_left_for_a_group(actions, more, has_work):
    assert rest(*actions, **more).has_work(DUE) is has_work


ISSUE = Issue(7, "renamed", "“Alder”")
HELD = Withheld(GRANT, "role_too_low")
FAILED = Blocker("forbidden", "target: Missing Access", failed=True)


@pytest.mark.parametrize(
    ("actions", "more", "blocker"),
    [
        ([], {}, None),
        ([], {"issues": (Issue(8, "renamed"),)}, None),
        ([], {"issues": (ISSUE, Issue(7, "unconfirmed"))}, Blocker("renamed", "“Alder”")),
        ([], {"withheld": [HELD], "issues": (ISSUE,)}, Blocker("role_too_low", "target")),
        ([], {"withheld": [Withheld(ROLE, "guild_full", "500")]}, Blocker("guild_full", "500")),
        ([ROLE], {"withheld": [HELD], "failed": {"role": NO}}, FAILED),
    ],
    ids=["nothing", "another group's", "the first issue", "withheld", "with details", "failed"],
)
def test_the_most_serious_blocker_of_a_group_is_reported(actions, more, blocker):
    assert rest(*actions, **more).blocker(DUE) == blocker


def test_a_parked_lane_blocks_for_as_long_as_the_service_asked():
    blocker = rest(
        GRANT, parked={"access": datetime.now(UTC) + timedelta(minutes=5)}, issues=(ISSUE,)
    ).blocker(DUE)
    assert blocker is not None
    assert blocker.wait is not None
    assert (blocker.code, blocker.failed) == (IssueCode.RATE_LIMITED, False)
    assert timedelta(minutes=4) < blocker.wait <= timedelta(minutes=5)


def leaves(name: str) -> Action:
    return Action(
        name, "access", "revoke", "target", "why", group_id=7, removes=f"id of {name}", person=name
    )


def test_held_removals_are_reported_with_their_names():
    held = [Withheld(leaves(name), IssueCode.REMOVALS_HELD) for name in ("Uma", "Ben")]
    held += [Withheld(replace(leaves("Ben"), removes="id of another"), IssueCode.REMOVALS_HELD)]
    low = Withheld(leaves("Ada"), "role_too_low")
    found = Blocker(IssueCode.REMOVALS_HELD, "Ben, Ben, Uma")
    assert rest(withheld=[*held, low]).blocker(DUE) == found
    assert rest(withheld=[low, *held]).blocker(DUE) == Blocker("role_too_low", "target")


def test_a_group_that_no_one_requested_blocks_no_ones_access():
    not_requested = rest(withheld=[Withheld(ROLE, IssueCode.NOT_REALIZED)], issues=(ISSUE,))
    assert not_requested.blocker(DUE) == Blocker(IssueCode.NOT_REALIZED, "target")
    assert not_requested.access_blocker(DUE) is None
    assert rest(withheld=[HELD], issues=(ISSUE,)).access_blocker(DUE) == Blocker(
        "role_too_low", "target"
    )
    assert rest(issues=(ISSUE,)).access_blocker(DUE) is None


@pytest.mark.parametrize(
    ("approved", "left", "is_used"),
    [((), (), False), (("id of Ben",), (), True), (("id of Ben", "id of Uma"), ("Uma",), False)],
    ids=["none", "all are done", "one is left"],
)
def test_an_approval_is_used_once_none_of_its_removals_is_left(approved, left, is_used):
    due = Due(group_id=7, cohort_id=3, approved=approved)
    assert rest(*map(leaves, left)).has_used_approval(due) is is_used
