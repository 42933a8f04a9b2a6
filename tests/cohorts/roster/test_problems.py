"""One cause is one problem, whose lines are all named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.roster.file.rows import parse
from cohorts.roster.problems import Problem, merge, name_lines, name_numbers
from tests.support.roster import make_file, make_line


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "Line 3"),
        ([4, 3], "Lines 3–4"),
        ([3, 5], "Lines 3 and 5"),
        ([*range(3, 10), 12], "Lines 3–9 and 12"),
        (range(2, 20, 2), "Lines 2, 4, 6, 8, 10, 12, 14, 16 and 1 other"),
        ([*range(3, 10), *range(12, 48, 2)], "Lines 3–9, 12, 14, 16, 18, 20, 22, 24 and 11 others"),
    ],
)
def test_lines_are_named_as_briefly_as_people_would(numbers, words):
    assert name_lines(numbers) == words


def test_a_time_zone_that_is_wrong_on_20_lines_is_one_problem():
    lines = [make_line(f"P{n}", n, timezone="Europe/Berln") for n in range(20)]
    (problem,) = parse(make_file(make_line("Right", 99), *lines).encode()).problems
    assert str(problem) == (
        "Lines 3–22, timezone: “Europe/Berln” is not a time zone. Did you mean Europe/Berlin?"
    )


problems = st.lists(
    st.builds(
        Problem,
        st.integers(1, 30),
        st.sampled_from(["", "slot", "name"]),
        st.sampled_from(["One.", "Two."]),
    )
)


@given(problems)
def test_no_line_is_lost_and_none_is_named_twice(found):
    merged = merge(found)
    assert sorted({(each.line, each.column, each.sentence) for each in found}) == sorted(
        (line, each.column, each.sentence) for each in merged for line in each.lines
    )
    assert len({(each.column, each.sentence) for each in merged}) == len(merged)
    assert merge(merged) == merged


@given(st.sets(st.integers(1, 200), min_size=1, max_size=8))
def test_few_lines_are_all_named(numbers):
    parts = name_numbers(numbers).replace(" and ", ", ").split(", ")
    ends = [[int(end) for end in part.split("–")] for part in parts]
    assert {n for first, *rest in ends for n in range(first, [first, *rest][-1] + 1)} == numbers
