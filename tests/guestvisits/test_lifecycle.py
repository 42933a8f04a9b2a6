"""The table of guestvisits.lifecycle, line by line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guestvisits.lifecycle import KEPT, Transition, VisitFacts, next_transition

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
START = NOW + timedelta(days=3)
HOME, OTHER = 1, 3

OPEN = VisitFacts(
    home_group_id=HOME,
    home_group_has_ended=False,
    window_ends_at=START + timedelta(days=3),
    chosen_start=START,
    host_starts_at=START,
    host_is_cancelled=False,
    host_group_has_ended=False,
    cohort_has_ended=False,
    guest_is_active=True,
    is_host_member=False,
    home_group_ids=(HOME,),
    has_completed_home=False,
)

# Each line holds together with every line below it, and then it decides.
ENDS: list[tuple[str, dict[str, Any]]] = [
    ("over", {"window_ends_at": NOW}),
    ("deactivated", {"guest_is_active": False}),
    ("cohort_ended", {"cohort_has_ended": True}),
    ("became_member", {"is_host_member": True}),
    ("host_group_ended", {"host_group_has_ended": True}),
    ("home_group_ended", {"home_group_ids": (), "home_group_has_ended": True}),
    ("left", {"home_group_ids": ()}),
    ("host_cancelled", {"host_is_cancelled": True}),
    ("host_moved", {"host_starts_at": START + timedelta(minutes=1)}),
]


def test_only_a_transition_that_changes_something_is_true():
    assert not KEPT
    assert Transition(end="over")
    assert Transition(new_home_group_id=OTHER)


def test_a_visit_to_which_nothing_happened_is_kept():
    assert next_transition(OPEN, NOW) == KEPT


@pytest.mark.parametrize(("reason", "facts"), ENDS)
def test_each_line_of_the_table_ends_the_visit_for_its_reason(reason, facts):
    assert next_transition(replace(OPEN, **facts), NOW) == Transition(end=reason)


@pytest.mark.parametrize("line", range(len(ENDS)))
def test_the_first_line_that_holds_decides(line):
    facts = {name: value for _, facts in reversed(ENDS[line:]) for name, value in facts.items()}
    assert next_transition(replace(OPEN, **facts), NOW) == Transition(end=ENDS[line][0])


@pytest.mark.parametrize(
    ("chosen", "present", "ends"),
    [
        (-1, -2, False),  # held; its time was corrected afterwards
        (-1, 1, True),  # put off while it should have begun
        (1, -1, True),  # held before the guest could come
        (1, 2, True),
        (0, -1, False),  # held as soon as its time has come
        (-1, 0, False),
    ],
)
def test_a_moved_meeting_ends_the_visit_unless_it_was_held(chosen, present, ends):
    facts = replace(
        OPEN,
        chosen_start=NOW + timedelta(hours=chosen),
        host_starts_at=NOW + timedelta(hours=present),
    )
    assert (next_transition(facts, NOW).end == "host_moved") is ends


def test_a_guest_who_changed_groups_keeps_the_visit_tied_to_the_new_group():
    assert next_transition(replace(OPEN, home_group_ids=(OTHER,)), NOW) == Transition(
        new_home_group_id=OTHER
    )


def test_a_guest_who_belongs_to_another_group_as_well_stays_tied_to_the_first():
    assert next_transition(replace(OPEN, home_group_ids=(OTHER, HOME)), NOW) == KEPT


def test_a_guest_who_completed_the_home_group_keeps_the_visit():
    assert next_transition(replace(OPEN, home_group_ids=(), has_completed_home=True), NOW) == KEPT
