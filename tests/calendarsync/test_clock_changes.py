"""A series whose first week is the one in which the clocks change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from cohorts.models import Group
from meetings.models import Meeting
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

FIRST_WEEKS = {
    "a skipped hour": ("Europe/Berlin", date(2027, 3, 28), time(2, 30), 60),
    "another skipped hour": ("America/New_York", date(2027, 3, 14), time(2, 15), 45),
    "a skipped half-hour": ("Australia/Lord_Howe", date(2027, 10, 3), time(2, 15), 60),
    "a skipped hour before midnight": ("America/Nuuk", date(2027, 3, 27), time(23, 30), 60),
    "across a skipped hour": ("Europe/Berlin", date(2027, 3, 28), time(1, 30), 90),
    "a repeated hour": ("Europe/Berlin", date(2027, 10, 31), time(2, 30), 30),
    "out of a repeated hour": ("Europe/Berlin", date(2027, 10, 31), time(2, 30), 60),
    "across a repeated hour": ("Europe/Berlin", date(2027, 10, 31), time(1, 30), 120),
}


SAMPLE = {"a skipped hour before midnight", "across a skipped hour", "a repeated hour"}


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=() if c in SAMPLE else pytest.mark.matrix) for c in FIRST_WEEKS],
)
def test_c6_a_first_week_with_a_clock_change_is_one_series_with_the_right_times(
    calendar: SeenCalendar, case: str
) -> None:
    zone, day, wall_time, minutes = FIRST_WEEKS[case]
    calendar.behave(time_zone="Europe/Berlin")
    calendar.move_clock(calendar.now.replace(year=day.year, month=day.month) - timedelta(days=20))
    academy = Academy(calendar.now, groups="A", meetings=3)
    ada = academy.add_member("Ada", "A")
    academy.cohort.start_date = day
    academy.cohort.save()
    group = academy.groups["A"]
    slot = {"timezone": zone, "weekday": day.weekday(), "start_time": wall_time}
    Group.objects.filter(pk=group.pk).update(**slot, duration_minutes=minutes)
    group.refresh_from_db()
    group.save()

    calendar.realize(academy)

    meetings = list(Meeting.objects.filter(group=group).order_by("number"))
    assert [(moment(s), moment(e)) for s, e in calendar.invited_times(ada)] == [
        (meeting.starts_at, meeting.ends_at) for meeting in meetings
    ]
    assert len(calendar.all_series) == 1
    assert calendar.mails == [("ada", "invitation")]
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
