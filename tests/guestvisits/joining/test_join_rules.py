"""Each row of the table of guestvisits.joining.join_rules, and which of two rows decides."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest

from guestvisits.joining.join_rules import JoiningFacts, find_joining_refusal

TODAY = date(2030, 1, 12)
OPEN = JoiningFacts(
    group="Heron",
    is_offered=True,
    switching_until=TODAY,
    today=TODAY,
    has_group=True,
    is_member=False,
    has_ended=False,
    has_meetings=True,
    seats_left=1,
)
# In the order of the table: the earlier one decides.
ROWS: dict[str, dict[str, Any]] = {
    "joining_off": {"is_offered": False},
    "already_member": {"is_member": True},
    "switching_closed": {"switching_until": TODAY - timedelta(days=1)},
    "group_ended": {"has_ended": True},
    "group_over": {"has_meetings": False},
    "group_full": {"seats_left": 0},
}


def code(**facts: Any) -> str | None:
    refusal = find_joining_refusal(replace(OPEN, **facts))
    return refusal and refusal.code


def test_on_the_last_day_a_learner_may_switch_to_the_last_place():
    assert code() is None
    assert code(seats_left=None) is None
    assert code(switching_until=None) == "switching_closed"


def test_a_learner_without_a_group_needs_no_date():
    assert code(has_group=False, switching_until=None) is None


@pytest.mark.parametrize("row", ROWS)
def test_each_row_refuses_alone(row):
    assert code(**ROWS[row]) == row


@pytest.mark.parametrize(("first", "second"), list(combinations(ROWS, 2)))
def test_the_earlier_row_decides(first, second):
    assert code(**{**ROWS[second], **ROWS[first]}) == first


def test_the_sentence_names_the_day_on_which_switching_closed():
    refusal = find_joining_refusal(replace(OPEN, switching_until=TODAY - timedelta(days=1)))
    assert refusal is not None
    assert "since the end of 11 January 2030 (UTC)" in refusal.sentence
