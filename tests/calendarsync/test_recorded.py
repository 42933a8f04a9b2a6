"""What was recorded from Google Calendar itself, fact by fact: Lens works with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calendarsync.copies.loading import events_listing
from calendarsync.models import CalendarCopy
from calendarsync.state import ids
from calendarsync.state.observed import ObservedCalendar, occurrence_of, read_event
from cohorts.models import User
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from meetings.models import Attendance, Meeting
from tests.calendarsync.behaviour import in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_guests import book
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db


Json = dict[str, Any]
HOUR = timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def end_before(meeting: Meeting) -> list[str]:
    """The rule of a series that is cut before a meeting: the end of the previous local day."""
    midnight = meeting.starts_at.replace(hour=0, minute=0)  # the groups' zone is UTC
    return [f"RRULE:FREQ=WEEKLY;UNTIL={midnight - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"]


def look_without_writing(calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


@pytest.mark.parametrize("status", ["confirmed", "cancelled", None])
def test_r1_an_occurrence_of_a_split_part_is_known_by_the_series_that_it_names(
    status: str | None,
) -> None:
    part = "abcde_R20261118T140000"
    bodies = [
        {"id": "abcde_20261125T140000Z", "recurringEventId": part, "status": "confirmed"},
        *([{"id": part, "status": status}] if status else []),
    ]
    observed = ObservedCalendar({body["id"]: read_event(body) for body in bodies})
    assert observed.split == (set() if status == "cancelled" else {"abcde"})


def test_r1_an_exception_that_a_split_carries_over_keeps_its_id(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    ada = User.objects.get(name="Ada")
    calendar.respond(ada, "accepted", group, realized.meeting("A", 4))
    at = stamp(realized.meeting("A", 3).starts_at)
    calendar.do("split", event=calendar.series_id(group), at=at)
    calendar.look()
    exception = CalendarCopy.objects.get(original_start=realized.meeting("A", 4).starts_at)
    assert "_R" not in exception.event_id
    assert exception.status == "confirmed"
    assert "_R" in exception.body["recurringEventId"]
    assert calendar.troubles() == {"Group A": "series_split"}


def test_r2_the_stamp_of_a_split_is_utc_without_z() -> None:
    assert ids.is_split_off("abcde_R20210416T160000")
    assert ids.base_of("abcde_R20210416T160000") == "abcde"
    assert ids.read_occurrence("abcde_R20210416T160000") is None


# -- R3: a part that was split off with another time; see also state/test_later_parts.py ----------


def split_with_another_time(
    realized: Academy, calendar: SeenCalendar, moved_part: str = "unmarked"
) -> Json:
    """Someone moves the third and the fourth meeting by a day in Google's own pages."""
    calendar.behave(moved_part=moved_part)
    third = realized.meeting("A", 3).starts_at
    series = calendar.series_id(realized.groups["A"])
    calendar.do("split", event=series, at=stamp(third), to=stamp(third + DAY))
    return later_part(calendar)


def later_part(calendar: SeenCalendar) -> Json:
    (found,) = [one for one in calendar.all_series if ids.read_id(one["id"]) is None]
    return found


@in_pairs
@pytest.mark.parametrize("moved_part", ["unmarked", in_matrix("marked")])
def test_r3_a_later_part_with_another_time_is_reported_and_never_written(
    realized: Academy, calendar: SeenCalendar, moved_part: str
) -> None:
    group = realized.groups["A"]
    part = split_with_another_time(realized, calendar, moved_part)
    look_without_writing(calendar)
    state = GroupSync.objects.get(group=group, provider="calendar")
    starts = realized.meeting("A", 3).starts_at + DAY
    assert state.issue == "series_continued"
    assert state.issue_detail == f"“Course - Group A” from {starts:%Y-%m-%d %H:%M} UTC"
    assert "Delete the other part" in str(state.drift)

    realized.add_member("Anne", "A")
    calendar.work()
    calendar.do("expire_tokens")  # everything is read again
    look_without_writing(calendar)
    assert calendar.troubles() == {"Group A": "series_continued"}
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}
    assert later_part(calendar) == part


def test_r3_staff_delete_both_series_and_recreate_one(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    part = split_with_another_time(realized, calendar)
    calendar.look()
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.look()
    assert calendar.troubles() == {"Group A": "series_gone"}
    services.recreate([group.pk], "calendar", by=None, now=calendar.now)
    calendar.work()
    assert calendar.troubles() == {"Group A": "series_continued"}, "its guests stay invited"
    calendar.do("delete_event", event=part["id"])
    look_without_writing(calendar)
    assert calendar.troubles() == {}
    assert len(calendar.all_series) == 3


@pytest.mark.matrix
def test_r3_a_copy_of_a_whole_series_is_reported_and_ours_stays_in_sync(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, second = realized.groups["A"], realized.meeting("A", 2)
    own = ("id", "iCalUID", "etag")
    copy = {name: value for name, value in calendar.series(group).items() if name not in own}
    calendar.insert(copy)
    look_without_writing(calendar)
    assert calendar.troubles() == {"Group A": "series_continued"}
    move_meeting(second.pk, starts_at=second.starts_at + HOUR, now=calendar.now)
    calendar.work()
    assert calendar.occurrence(second)["start"]["dateTime"] == stamp(second.starts_at + HOUR)


# -- R4 to R10 ------------------------------------------------------------------------------------


@in_pairs
def test_r4_a_member_added_to_a_series_with_eight_exceptions_takes_one_pass(
    calendar: SeenCalendar,
) -> None:
    academy = Academy(calendar.now, groups="AB", meetings=9)
    academy.add_member("Ada", "A")
    academy.add_member("Bea", "B")
    for number in range(2, 10):
        meeting = academy.meeting("A", number)
        move_meeting(meeting.pk, starts_at=meeting.starts_at + 3 * HOUR, now=calendar.now)
    calendar.realize(academy)

    academy.add_member("Anne", "A")
    academy.add_member("Ben", "B")
    assert calendar.work() == 1

    moved = Meeting.objects.filter(group=academy.groups["A"])
    assert all(calendar.invited(calendar.occurrence(one)) == {"ada", "anne"} for one in moved)
    assert calendar.invited(calendar.series(academy.groups["B"])) == {"bea", "ben"}
    assert calendar.troubles() == {}
    look_without_writing(calendar)


@pytest.mark.matrix
@in_pairs
def test_r5_edit_all_overwrites_exceptions_and_lens_puts_them_right(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, second = realized.groups["A"], realized.meeting("A", 2)
    move_meeting(second.pk, starts_at=second.starts_at + 5 * HOUR, now=calendar.now)
    book(realized, calendar, "Bea", "A", 3)
    calendar.work()
    series = calendar.series(group)
    changes = {"summary": "For all", "start": series["start"], "end": series["end"]}
    calendar.do("edit_event", event=series["id"], changes=changes)
    assert calendar.occurrence(second)["start"]["dateTime"] == stamp(second.starts_at)
    calendar.look()
    moved, visited = calendar.occurrence(second), calendar.occurrence(realized.meeting("A", 3))
    assert moved["start"]["dateTime"] == stamp(second.starts_at + 5 * HOUR)
    assert moved["summary"] == visited["summary"] == series["summary"]
    assert calendar.invited(visited) == {"ada", "alan", "bea"}
    assert calendar.troubles() == {}
    look_without_writing(calendar)


def test_r6_a_cut_in_the_interface_ends_with_the_previous_local_day(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """It is reported, and answers to what is left are still read."""
    group, ada = realized.groups["A"], User.objects.get(name="Ada")
    changes = {"recurrence": end_before(realized.meeting("A", 3))}
    calendar.do("edit_event", event=calendar.series_id(group), changes=changes)
    look_without_writing(calendar)
    assert calendar.troubles() == {"Group A": "series_edited"}
    calendar.respond(ada, "declined", group)
    look_without_writing(calendar)
    said = Attendance.objects.filter(user=ada).order_by("meeting__number")
    assert list(said.values_list("meeting__number", "rsvp")) == [
        (1, "not_attending"),
        (2, "not_attending"),
    ]


def test_r6_until_is_read_in_the_zone_of_the_series() -> None:
    start = datetime(2025, 3, 13, 20, tzinfo=UTC)  # 15:00 in Chicago
    zoned = {"dateTime": stamp(start), "timeZone": "America/Chicago"}
    ends = {"dateTime": stamp(start + HOUR), "timeZone": "America/Chicago"}
    rules = ["RRULE:FREQ=WEEKLY;UNTIL=20250327T045959Z"]
    slot = read_event({"id": "x", "start": zoned, "end": ends, "recurrence": rules}).slot
    assert slot is not None
    assert slot.starts() == (start, start + WEEK)


def test_r7_a_cancelled_occurrence_that_was_cut_off_is_read_from_three_fields(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, third = realized.groups["A"], realized.meeting("A", 3)
    cancel_meeting(third.pk, now=calendar.now)
    calendar.work()
    calendar.look()
    changes = {"recurrence": end_before(third)}
    calendar.do("edit_event", event=calendar.series_id(group), changes=changes)
    look_without_writing(calendar)
    copy = CalendarCopy.objects.get(original_start=third.starts_at)
    assert set(copy.body) == {"id", "etag", "status"}
    assert (copy.base_id, copy.status) == (calendar.series_id(group), "cancelled")
    assert read_event(copy.body).series_id == calendar.series_id(group)
    assert calendar.troubles() == {"Group A": "series_edited"}


def test_r8_with_a_deleted_series_its_exceptions_are_gone_though_they_are_not_listed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, second = realized.groups["A"], realized.meeting("A", 2)
    ada, before = User.objects.get(name="Ada"), calendar.series_id(group)
    move_meeting(second.pk, starts_at=second.starts_at + HOUR, now=calendar.now)
    calendar.work()
    calendar.look()
    assert events_listing(ada) == 2
    calendar.do("delete_event", event=before)
    look_without_writing(calendar)
    assert calendar.troubles() == {"Group A": "series_gone"}
    body = CalendarCopy.objects.get(base_id=before).body
    assert set(body) == {"kind", "etag", "id", "status"}
    assert events_listing(ada) == 0
    changes = {"status": "confirmed"}
    calendar.do("edit_event", event=before, changes=changes)
    look_without_writing(calendar)
    assert calendar.troubles() == {}
    assert events_listing(ada) == 2


def test_r9_a_virtual_occurrence_is_what_its_series_says(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, second = realized.groups["A"], realized.meeting("A", 2)
    calendar.respond(User.objects.get(name="Ada"), "accepted", group)
    series = read_event(calendar.series(group))
    answered = read_event(calendar.occurrence(second))
    derived = occurrence_of(series, second.starts_at)
    assert answered.etag == series.etag
    assert derived == replace(answered, etag="")


@pytest.mark.matrix
@in_pairs
def test_r10_an_exception_keeps_its_list_when_another_occurrence_is_cancelled(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, second = realized.groups["A"], realized.meeting("A", 2)
    book(realized, calendar, "Bea", "A", 2)
    calendar.work()
    calendar.respond(User.objects.get(name="Bea"), "accepted", group, second)
    before = calendar.occurrence(second)["attendees"]
    cancel_meeting(realized.meeting("A", 3).pk, now=calendar.now)
    calendar.work()
    assert calendar.occurrence(second)["attendees"] == before
    assert calendar.invited(calendar.series(group)) == {"ada", "alan"}
    look_without_writing(calendar)
