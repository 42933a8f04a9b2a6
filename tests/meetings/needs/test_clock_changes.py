"""Whose local time changes: a group keeps its own wall time, and others' clocks change elsewhen."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.needs.clock_changes import describe_change
from meetings.plain_meetings import PlainMeeting
from meetings.rhythm import instant

BERLIN, NEW_YORK, UTC_ZONE = "Europe/Berlin", "America/New_York", "UTC"


def weekly(zone: str, first: date, count: int = 6) -> list[PlainMeeting]:
    starts = (instant(first + timedelta(weeks=n), time(18), zone) for n in range(count))
    return [PlainMeeting(n, 1, n, at, 60, False) for n, at in enumerate(starts, start=1)]


# In 2027 clocks change on 14 March in New York and on 28 March in Berlin.
TUESDAYS = weekly(BERLIN, date(2027, 3, 2))


@pytest.mark.parametrize(
    ("now", "zones", "said"),
    [
        (datetime(2027, 3, 5, tzinfo=UTC), {BERLIN}, ""),
        (datetime(2027, 3, 5, tzinfo=UTC), {BERLIN, NEW_YORK}, ""),  # in eleven days
        (datetime(2027, 3, 8, tzinfo=UTC), {BERLIN, NEW_YORK}, "New York 12:00 → 13:00"),
        (datetime(2027, 3, 17, tzinfo=UTC), {BERLIN, NEW_YORK}, ""),  # it was yesterday
        (datetime(2027, 3, 22, tzinfo=UTC), {BERLIN, NEW_YORK}, "New York 13:00 → 12:00"),
        (datetime(2027, 3, 22, tzinfo=UTC), {UTC_ZONE}, "UTC 17:00 → 16:00"),
        (datetime(2027, 3, 22, tzinfo=UTC), {"Nowhere/Known"}, "UTC 17:00 → 16:00"),
    ],
)
def test_the_members_whose_local_time_changes_within_ten_days_are_named(now, zones, said):
    assert describe_change(TUESDAYS, BERLIN, zones, now) == said


def test_a_meeting_that_was_moved_is_no_clock_change():
    rows = weekly(UTC_ZONE, date(2027, 5, 4))
    rows[2] = rows[2]._replace(starts_at=rows[2].starts_at + timedelta(hours=1))
    now = rows[2].starts_at - timedelta(days=3)
    assert describe_change(rows, UTC_ZONE, {BERLIN, NEW_YORK}, now) == ""


@given(
    st.sampled_from([BERLIN, NEW_YORK, UTC_ZONE, "Asia/Kolkata"]),
    st.dates(date(2027, 1, 1), date(2027, 12, 1)),
    st.integers(0, 30),
)
def test_the_local_time_never_changes_for_people_in_the_groups_own_zone(zone, first, days):
    rows = weekly(zone, first)
    now = rows[0].starts_at + timedelta(days=days)
    assert describe_change(rows, zone, {zone}, now) == ""
