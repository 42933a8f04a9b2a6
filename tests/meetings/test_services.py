"""Meetings follow the facts."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.errors import Refusal
from cohorts.models import Cohort, Course, Group, User
from cohorts.services.groups import end_group
from meetings.models import Attendance, Meeting
from meetings.services import repair_meetings, update_meetings
from tests.support.listening import listening
from tests.support.moves import cancel_meeting, edit_slot, move_meeting, restore_meeting

pytestmark = pytest.mark.django_db

# The meetings of the groups below run from Wednesday 13 January 2027 for four weeks.
BEFORE = datetime(2027, 1, 4, 12, tzinfo=UTC)
IN_WEEK_TWO = datetime(2027, 1, 18, 12, tzinfo=UTC)
WEDNESDAY, THURSDAY = 2, 3


@pytest.fixture(autouse=True)
def _begin_before_the_first_meeting(set_clock) -> None:
    set_clock(BEFORE)


@pytest.fixture
def cohort() -> Cohort:
    course = Course.objects.create(name="Course")
    return Cohort.objects.create(
        course=course, name="Winter", start_date=date(2027, 1, 11), number_of_meetings=4
    )


def make_group(cohort: Cohort, name: str = "Alpha", **fields: Any) -> Group:
    slot = {"weekday": WEDNESDAY, "start_time": time(15), "timezone": "UTC"}
    return Group.objects.create(cohort=cohort, name=name, **(slot | fields))


def make_active(cohort: Cohort, name: str = "Alpha", **fields: Any) -> Group:
    return make_group(cohort, name, status=Group.Status.ACTIVE, **fields)


def days(group: Group) -> list[int]:
    """The days of January (32 is 1 February) on which the group meets, in the order of numbers."""
    january = date(2026, 12, 31)
    held = group.meetings.filter(status=Meeting.Status.SCHEDULED)
    return [(meeting.starts_at.date() - january).days for meeting in held.order_by("number")]


def shift_slot(group: Group, **slot: Any) -> None:
    """As the admin does it: on the row, for whatever status the group has."""
    for name, value in slot.items():
        setattr(group, name, value)
    group.save()


def test_a_group_with_a_slot_has_its_meetings_at_once(cohort):
    group = make_group(cohort, start_time=time(14, 30), duration_minutes=90)
    assert days(group) == [13, 20, 27, 34]
    first = group.meetings.get(number=1)
    assert first.starts_at == first.rhythm_starts_at == datetime(2027, 1, 13, 14, 30, tzinfo=UTC)
    assert first.duration_minutes == 90


def test_sunday_night_to_monday_morning_begins_on_sunday(cohort):
    group = make_group(cohort, weekday=6, start_time=time(23, 30), timezone="Europe/Berlin")
    first = group.meetings.get(number=1)
    assert first.starts_at == datetime(2027, 1, 17, 22, 30, tzinfo=UTC)


def test_a_group_without_a_slot_has_no_meetings_until_it_gets_one(cohort):
    group = make_group(cohort, weekday=None, start_time=None)
    assert days(group) == []
    edit_slot(group, weekday=WEDNESDAY, start_time=time(15))
    assert days(group) == [13, 20, 27, 34]


def test_in_preview_meetings_follow_freely(cohort, set_clock):
    group = make_group(cohort)
    set_clock(IN_WEEK_TWO)
    edit_slot(group, weekday=THURSDAY, start_time=time(9), timezone="UTC", duration_minutes=45)
    assert days(group) == [14, 21, 28, 35]
    assert set(group.meetings.values_list("duration_minutes", flat=True)) == {45}


def test_in_preview_a_shorter_cohort_leaves_no_rows_behind(cohort):
    group = make_group(cohort)
    cohort.number_of_meetings = 2
    cohort.save()
    assert list(group.meetings.values_list("number", flat=True)) == [1, 2]


def test_in_preview_a_meeting_on_which_something_hangs_is_set_aside(cohort):
    group = make_group(cohort)
    last = group.meetings.get(number=4)
    Attendance.objects.create(meeting=last, user=User.objects.create_user("a@example.org"))
    cohort.number_of_meetings = 2
    cohort.save()
    last.refresh_from_db()
    assert last.is_cancelled
    assert days(group) == [13, 20]


def test_later_only_meetings_to_come_follow_a_changed_slot(cohort, set_clock):
    group = make_active(cohort)
    set_clock(IN_WEEK_TWO)
    shift_slot(group, weekday=THURSDAY)
    assert days(group) == [13, 21, 28, 35]


def test_no_meeting_is_moved_into_the_past(cohort, set_clock):
    group = make_active(cohort)
    set_clock(datetime(2027, 1, 19, 12, tzinfo=UTC))  # a Tuesday
    shift_slot(group, weekday=0)
    assert days(group) == [13, 20, 25, 32]


def test_a_meeting_that_was_moved_stays_where_it_was_moved(cohort):
    group = make_active(cohort)
    moved_to = datetime(2027, 1, 22, 10, tzinfo=UTC)
    moved = move_meeting(group.meetings.get(number=2).pk, starts_at=moved_to, now=BEFORE)
    shift_slot(group, weekday=THURSDAY)
    moved.refresh_from_db()
    assert days(group) == [14, 22, 28, 35]
    assert moved.rhythm_starts_at == datetime(2027, 1, 21, 15, tzinfo=UTC)


def test_a_meeting_moved_by_plain_sql_stays_where_it_was_moved(cohort):
    group = make_active(cohort)
    Meeting.objects.filter(group=group, number=2).update(
        starts_at=datetime(2027, 1, 22, 10, tzinfo=UTC)
    )
    assert repair_meetings(BEFORE) == set()
    assert days(group) == [13, 22, 27, 34]


def test_a_cancelled_meeting_stays_cancelled(cohort):
    group = make_active(cohort)
    cancel_meeting(group.meetings.get(number=2).pk, now=BEFORE)
    shift_slot(group, weekday=THURSDAY)
    assert days(group) == [14, 28, 35]


def test_a_meeting_cancelled_by_plain_sql_stays_cancelled(cohort):
    group = make_active(cohort)
    Meeting.objects.filter(group=group, number=2).update(status=Meeting.Status.CANCELLED)
    repair_meetings(BEFORE)
    assert days(group) == [13, 27, 34]


def test_later_surplus_meetings_are_cancelled_and_keep_their_numbers(cohort, set_clock):
    group = make_active(cohort)
    set_clock(IN_WEEK_TWO)
    cohort.number_of_meetings = 1
    cohort.save()
    assert days(group) == [13]
    assert list(group.meetings.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_meetings_set_aside_come_back_when_the_number_grows_again(cohort):
    group = make_active(cohort)
    for number in (2, 5):
        cohort.number_of_meetings = number
        cohort.save()
    assert days(group) == [13, 20, 27, 34, 41]


def test_a_meeting_outside_the_rhythm_is_left_alone(cohort):
    group = make_active(cohort)
    extra = datetime(2027, 2, 12, 15, tzinfo=UTC)
    Meeting.objects.create(group=group, number=5, starts_at=extra, duration_minutes=60)
    shift_slot(group, weekday=THURSDAY)
    assert days(group) == [14, 21, 28, 35, 43]


def test_a_group_that_lost_its_slot_or_ended_keeps_its_meetings(cohort):
    alpha, beta = make_active(cohort), make_active(cohort, "Beta")
    shift_slot(alpha, weekday=None, start_time=None)
    end_group(beta.pk, status=Group.Status.CANCELLED, now=BEFORE)
    assert days(alpha) == days(beta) == [13, 20, 27, 34]


def test_a_restored_meeting_is_back_in_the_rhythm(cohort):
    group = make_active(cohort)
    meeting = group.meetings.get(number=2)
    move_meeting(meeting.pk, starts_at=datetime(2027, 1, 22, 10, tzinfo=UTC), now=BEFORE)
    cancel_meeting(meeting.pk, now=BEFORE)
    restore_meeting(meeting.pk, now=BEFORE)
    assert days(group) == [13, 20, 27, 34]


def test_what_has_begun_is_neither_moved_nor_cancelled(cohort):
    group = make_active(cohort)
    meeting = group.meetings.get(number=1)
    with pytest.raises(Refusal) as refused:
        cancel_meeting(meeting.pk, now=meeting.starts_at)
    assert refused.value.code == "meeting_begun"
    with pytest.raises(Refusal) as refused:
        move_meeting(meeting.pk, starts_at=BEFORE - timedelta(days=1), now=BEFORE)
    assert refused.value.code == "start_past"


def test_facts_changed_by_plain_sql_are_mended_by_the_compare(cohort):
    group, other = make_active(cohort), make_active(cohort, "Beta")
    Group.objects.filter(pk=group.pk).update(weekday=THURSDAY)
    assert repair_meetings(BEFORE) == {group.pk}
    assert days(group) == [14, 21, 28, 35]
    assert days(other) == [13, 20, 27, 34]
    assert repair_meetings(BEFORE) == set()


def test_a_group_made_by_bulk_create_gets_its_meetings(cohort):
    Group.objects.bulk_create(
        [Group(cohort=cohort, name="Alpha", weekday=WEDNESDAY, start_time=time(15))]
    )
    repair_meetings(BEFORE)
    assert days(Group.objects.get()) == [13, 20, 27, 34]


@pytest.mark.parametrize("count", [1, 20])
def test_where_nothing_differs_nothing_is_written_and_five_queries_are_enough(cohort, count):
    ids = [make_group(cohort, f"Group {number}").pk for number in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert update_meetings(ids, now=BEFORE) == set()
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * 5


def test_a_change_is_announced_once(cohort):
    group = make_group(cohort)
    with listening() as heard:
        edit_slot(group, weekday=THURSDAY, start_time=time(15), timezone="UTC")
    assert heard == [{group.pk}]  # once for the slot and for the meetings that follow from it
