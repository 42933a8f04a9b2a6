"""How far a cohort is: the table of `lens.desk.cohort_status`, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lens.desk.cohort_status import CohortProgress, GroupCourse, describe_status, week_of

NOW = datetime(2027, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = (
    "Not set up", "Setting up (", "Set up, no one has joined", "Set up, starts ", "Running, week ",
    "On break", "Over, not ended", "Read-only until ", "Over, removal due", "Removed",
)  # fmt: skip


def course(*days: int) -> GroupCourse:
    """A group whose meetings are this many days from now."""
    return GroupCourse(tuple((n, NOW + day * DAY) for n, day in enumerate(days, start=1)))


WEEK_3 = course(-15, -8, -1, 6, 13)
AHEAD = course(3, 10, 17)
BASE = CohortProgress(
    date(2027, 3, 1), 8, groups=2, is_requested=True, courses=(WEEK_3, WEEK_3), joined=5
)
ENDED = CohortProgress(date(2027, 3, 1), 8, has_ended=True)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (replace(ENDED, reads_until=datetime(2027, 4, 3, tzinfo=UTC)), "Read-only until 3 April"),
        (replace(ENDED, reads_until=NOW, has_remains=True), "Over, removal due"),
        (replace(ENDED, reads_until=NOW), "Removed"),
        (ENDED, "Removed"),
        (replace(BASE, last_ended_at=NOW), "Over, not ended"),
        (replace(BASE, last_ended_at=NOW + DAY), "Running, week 3 of 8"),
        (replace(BASE, courses=(), is_requested=False), "Not set up"),
        (replace(BASE, courses=(), groups=48), "Setting up (0 of 48)"),
        (replace(BASE, courses=(AHEAD,) * 12, groups=48), "Setting up (12 of 48)"),
        (replace(BASE, courses=(AHEAD,) * 2, joined=0), "Set up, no one has joined"),
        (replace(BASE, joined=0), "Set up, no one has joined"),
        (replace(BASE, courses=(AHEAD,) * 2), "Set up, starts 1 March"),
        (BASE, "Running, week 3 of 8"),
        (replace(BASE, courses=(course(-22, -15, -8, 6), WEEK_3)), "On break"),
        (replace(BASE, courses=(course(-15, -8, -1, 8), WEEK_3)), "Running, week 3 of 8"),
    ],
)
def test_the_first_matching_row_of_the_table_decides(facts, status):
    assert describe_status(facts, NOW) == status


@pytest.mark.parametrize(
    ("weeks", "week"),
    [
        ([], 0),
        ([0], 0),
        ([3], 3),
        ([3, 2], 3),
        ([3, 2, 2], 2),
        ([4, 4, 1, 0], 4),
        ([4, 1, 1, 0], 1),
    ],
)
def test_the_week_is_the_highest_number_begun_in_half_of_the_groups(weeks, week):
    courses = [course(*(-n for n in range(number, 0, -1)), 5) for number in weeks]
    assert week_of(courses, NOW) == week


def test_an_extra_session_has_no_number_and_begins_no_week():
    extra = GroupCourse(((None, NOW - DAY), (1, NOW + DAY)))
    assert week_of([extra], NOW) == 0


courses = st.lists(
    st.builds(lambda days: course(*sorted(days)), st.lists(st.integers(-60, 60), max_size=8)),
    max_size=6,
)


@given(courses)
def test_half_of_the_groups_have_begun_the_week_and_fewer_the_next(found):
    week = week_of(found, NOW)
    begun = [one.week(NOW) for one in found]
    if week:
        assert 2 * sum(number >= week for number in begun) >= len(found)
    assert not found or 2 * sum(number > week for number in begun) < len(found)


@given(
    st.builds(
        CohortProgress,
        start_date=st.dates(),
        weeks=st.integers(1, 60),
        has_ended=st.booleans(),
        reads_until=st.none() | st.datetimes(timezones=st.just(UTC)),
        has_remains=st.booleans(),
        groups=st.integers(0, 9),
        is_requested=st.booleans(),
        courses=courses.map(tuple),
        joined=st.integers(0, 9),
        last_ended_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_each_cohort_has_one_of_the_known_statuses(facts):
    assert describe_status(facts, NOW).startswith(WORDS)
