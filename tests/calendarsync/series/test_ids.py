"""Chosen ids and marks can be read back, and nothing else is taken for one of ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from calendarsync.state import ids
from calendarsync.state.ids import Mark

numbers = st.integers(min_value=1, max_value=2**63 - 1)
marks = st.one_of(
    st.builds(Mark, st.text(min_size=1, max_size=40), numbers, numbers),
    st.builds(Mark, st.text(min_size=1, max_size=40), numbers, numbers, numbers),
    st.builds(Mark, st.text(min_size=1, max_size=40), numbers, numbers, numbers, numbers),
)


@given(marks)
def test_an_id_holds_its_mark_and_is_one_that_google_takes(mark: Mark) -> None:
    event_id = ids.make_id(mark)
    assert re.fullmatch(r"[a-v0-9]{5,1024}", event_id)
    assert ids.read_id(event_id) == mark


@given(marks)
def test_properties_hold_the_mark(mark: Mark) -> None:
    properties = ids.to_properties(mark)
    assert all(isinstance(value, str) and len(key) <= 44 for key, value in properties.items())
    assert ids.from_properties(properties) == mark


@given(marks, marks)
def test_two_marks_have_two_ids(one: Mark, other: Mark) -> None:
    assert (ids.make_id(one) == ids.make_id(other)) == (one == other)


@given(st.text())
def test_other_ids_are_not_taken_for_ours(text: str) -> None:
    mark = ids.read_id(text)
    assert mark is None or ids.make_id(mark) == ids.base_of(text).lower()


def test_an_occurrence_is_named_by_its_original_start_in_utc() -> None:
    start = datetime.fromisoformat("2026-11-18T15:00:00+01:00")
    assert ids.occurrence_id("abc", start) == "abc_20261118T140000Z"
    assert ids.base_of("abc_20261118T140000Z") == "abc"


def test_what_was_split_off_by_hand_is_recognized() -> None:
    split = "abc_R20261118T150000"
    assert ids.is_split_off(split)
    assert ids.base_of(split) == "abc"
    assert ids.base_of(ids.occurrence_id(split, datetime(2026, 11, 25, tzinfo=UTC))) == "abc"
    assert not ids.is_split_off("abc_20261118T140000Z")
