"""Stacked bars: every number is in the table, and what is drawn fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lens.charts.stacked_bars import LEFT, RIGHT, WIDTH, build_bars

SERIES = ("There", "Away", "Not known")
ROWS = st.lists(st.tuples(*[st.integers(0, 5000)] * 3), max_size=12)


@given(ROWS)
def test_the_parts_of_a_row_are_as_wide_as_their_numbers_and_fit(numbers):
    rows = [(f"Week {n}", values) for n, values in enumerate(numbers)]
    chart = build_bars("attendance", "Attendance", "Week", SERIES, rows)
    if not any(map(sum, numbers)):
        assert chart is None
        return
    assert chart
    assert [row.values for row in chart.rows] == numbers
    unit = (WIDTH - LEFT - RIGHT) / max(map(sum, numbers))
    for row in chart.rows:
        drawn = [value for value in row.values if value]
        for value, part in zip(drawn, row.parts, strict=True):
            assert abs(part.width - value * unit) < 0.1
            assert part.text in {"", str(value)}
        assert LEFT <= row.end <= WIDTH - RIGHT + 5
        assert row.y + chart.bar <= chart.height


def test_a_number_that_does_not_fit_is_only_in_the_table():
    chart = build_bars("a", "Attendance", "Week", SERIES, [("Week 1", (300, 1, 0))])
    assert chart
    (row,) = chart.rows
    assert [(part.pattern, part.text) for part in row.parts] == [("solid", "300"), ("stripes", "")]
    assert (row.values, row.total) == ((300, 1, 0), 301)
