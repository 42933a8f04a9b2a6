"""One series per group, everyone invited at once, and nothing the second time."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from calendarsync.models import CalendarSeries
from calendarsync.state import ids
from cohorts.models import Cohort, Course, Group
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync, SyncAction
from cohorts.signals import announce, groups_set_up
from meetings.models import Meeting
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


def test_realizing_costs_one_insert_per_group(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.realize(academy)
    assert calendar.writes_since(0) == ["POST", "POST", "POST"]
    assert calendar.reads_since(0) == 1
    assert calendar.troubles() == {}


@pytest.mark.parametrize("count", [3, pytest.param(40, marks=pytest.mark.matrix)])
def test_a_second_look_reads_once_and_writes_nothing(calendar: SeenCalendar, count: int) -> None:
    academy = Academy(calendar.now, groups=[f"G{n}" for n in range(count)])
    for name in academy.groups:
        academy.add_member(f"Member {name}", name)
    calendar.realize(academy)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.reads_since(before) == 1


@pytest.mark.parametrize("count", [1, 6])
def test_the_facts_are_read_in_the_same_number_of_queries(
    calendar: SeenCalendar, count: int, django_assert_num_queries
) -> None:
    from calendarsync.snapshot import take_snapshot

    academy = Academy(calendar.now, groups=[f"G{n}" for n in range(count)])
    for name in academy.groups:
        academy.add_member(f"Member {name}", name)
    with django_assert_num_queries(13):
        assert len(take_snapshot(calendar.now).groups) == count


@pytest.mark.matrix
def test_everyone_is_invited_by_one_mail(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.realize(academy, "A")
    assert calendar.mails == [("ada", "invitation"), ("alan", "invitation")]
    assert calendar.invited(calendar.series(academy.groups["A"])) == {"ada", "alan"}


def test_a_series_has_the_slots_wall_time_and_one_week_per_meeting(
    academy: Academy, calendar: SeenCalendar
) -> None:
    group = academy.groups["A"]
    group.timezone, group.weekday, group.start_time = "Europe/Berlin", 2, time(15, 30)
    group.duration_minutes = 90
    group.save()
    calendar.realize(academy, "A")
    series = calendar.series(group)
    assert series["start"] == {"dateTime": "2026-11-11T14:30:00Z", "timeZone": "Europe/Berlin"}
    assert series["end"] == {"dateTime": "2026-11-11T16:00:00Z", "timeZone": "Europe/Berlin"}
    assert series["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=4"]


@pytest.mark.matrix
def test_clocks_going_back_move_nobodys_local_time(calendar: SeenCalendar) -> None:
    academy = Academy(calendar.now, groups="A", meetings=30)
    academy.add_member("Ada", "A")
    group = academy.groups["A"]
    group.timezone, group.start_time = "America/New_York", time(9)
    group.save()
    calendar.realize(academy)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    last = calendar.occurrence(academy.meeting("A", 30))
    assert last["start"]["dateTime"] == "2027-05-27T13:00:00Z"  # 9:00 in summer, 14:00Z in winter


def test_guests_see_no_one_and_google_reminds_no_one(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    series = calendar.series(group)
    assert series["guestsCanSeeOtherGuests"] is False
    assert series["guestsCanInviteOthers"] is False
    assert series["reminders"] == {"useDefault": False}
    assert series["location"].endswith(f"/groups/{group.pk}/")


@pytest.mark.matrix
def test_the_mark_says_whose_series_it_is(realized: Academy, calendar: SeenCalendar) -> None:
    group = realized.groups["A"]
    assert calendar.series(group)["extendedProperties"]["private"] == {
        "lens_installation": "local",
        "lens_group_id": str(group.pk),
        "lens_generation": "1",
    }


def test_the_id_of_an_occurrence_follows_from_its_series_and_place(
    realized: Academy, calendar: SeenCalendar
) -> None:
    series, meetings = calendar.series_id(realized.groups["A"]), realized.groups["A"].meetings
    places = meetings.order_by("number").values_list("rhythm_starts_at", flat=True)
    answered = calendar.ask(f"events/{series}/instances")["items"]
    assert [ids.occurrence_id(series, place) for place in places] == [one["id"] for one in answered]


@pytest.mark.parametrize(
    "left",
    [
        {"generation": F("observed_generation") + 1},
        {"next_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"issue": "needs_slot"},
        {"has_waiting_work": True},
        {"ready_at": None},
    ],
    ids=lambda left: next(iter(left)),
)
def test_a_group_that_is_set_up_is_compared_again_if_something_is_left_to_do(
    realized: Academy, left: dict[str, Any]
) -> None:
    group = realized.groups["A"]
    row = GroupSync.objects.get(provider="calendar", group=group)
    with transaction.atomic():
        announce([group.pk], groups_set_up)
    assert GroupSync.objects.get(pk=row.pk).generation == row.generation
    GroupSync.objects.filter(pk=row.pk).update(**left)
    before = GroupSync.objects.get(pk=row.pk).generation
    with transaction.atomic():
        announce([group.pk], groups_set_up)
    assert GroupSync.objects.get(pk=row.pk).generation == before + 1


def test_a_group_that_no_one_asked_for_is_left_alone(
    academy: Academy, calendar: SeenCalendar
) -> None:
    calendar.look()
    assert calendar.writes_since(0) == []
    assert set(calendar.troubles().values()) == {"needs_infrastructure"}


@pytest.mark.matrix
def test_the_request_is_fulfilled_when_the_series_exists(
    realized: Academy, calendar: SeenCalendar
) -> None:
    rows = GroupSync.objects.filter(provider="calendar")
    assert all(row.ready_at and row.realize_requested_at is None for row in rows)


@pytest.mark.matrix
def test_a_group_without_a_slot_waits_and_is_made_when_it_gets_one(
    academy: Academy, calendar: SeenCalendar
) -> None:
    group = academy.groups["A"]
    weekday, start = group.weekday, group.start_time
    Group.objects.filter(pk=group.pk).update(weekday=None, start_time=None)
    calendar.realize(academy, "A")
    assert calendar.troubles()["Group A"] == "no_slot"
    assert calendar.writes_since(0) == []
    group.weekday, group.start_time = weekday, start
    group.save()
    calendar.work()
    assert calendar.writes_since(0) == ["POST"]


@pytest.mark.matrix
def test_a_group_without_members_is_not_made_and_says_so(
    academy: Academy, calendar: SeenCalendar
) -> None:
    academy.groups["A"].memberships.all().delete()
    calendar.realize(academy, "A")
    assert calendar.troubles()["Group A"] == "no_members"
    academy.add_member("Anne", "A")
    calendar.work()
    assert calendar.invited(calendar.series(academy.groups["A"])) == {"anne"}


def test_a_member_without_an_address_keeps_no_one_from_being_invited(
    academy: Academy, calendar: SeenCalendar
) -> None:
    member = academy.add_member("Abel", "A")
    type(member).objects.filter(pk=member.pk).update(email=None)
    calendar.realize(academy, "A")
    assert calendar.invited(calendar.series(academy.groups["A"])) == {"ada", "alan"}
    assert member.access_states.get(provider="calendar").state == "no_address"
    assert academy.groups["A"].access_states.filter(state="granted").count() == 2


def test_in_mid_term_only_what_is_to_come_is_made(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.move_clock(academy.meeting("A", 2).starts_at)
    calendar.realize(academy, "A")
    series = calendar.series(academy.groups["A"])
    assert series["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=2"]
    third = academy.meeting("A", 3)
    assert series["start"]["dateTime"] == third.starts_at.isoformat().replace("+00:00", "Z")


@pytest.mark.matrix
def test_no_series_is_made_of_what_is_over(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.move_clock(academy.meeting("A", 4).starts_at)
    calendar.realize(academy, "A")
    assert calendar.writes_since(0) == []
    assert calendar.troubles()["Group A"] == "no_meetings_ahead"


@pytest.mark.matrix
def test_past_meetings_are_history(realized: Academy, calendar: SeenCalendar) -> None:
    calendar.do("delete_event", event=calendar.series_id(realized.groups["A"]))
    calendar.move_clock(realized.meeting("A", 4).starts_at)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert "Group A" not in calendar.troubles()


def test_more_meetings_get_single_events_and_fewer_are_cancelled(
    realized: Academy, calendar: SeenCalendar
) -> None:
    cohort = Cohort.objects.get()
    group = realized.groups["A"]
    cohort.number_of_meetings = 5
    cohort.save()
    calendar.work()
    (single,) = calendar.singles(group)
    assert calendar.invited(single) == {"ada", "alan"}
    fifth = realized.meeting("A", 5)
    assert single["start"]["dateTime"] == fifth.starts_at.isoformat().replace("+00:00", "Z")

    cohort.number_of_meetings = 3
    cohort.save()
    fourth = Meeting.objects.get(group=group, number=4)
    assert fourth.is_cancelled
    calendar.work()
    assert single["id"] not in calendar.events
    place = f"{calendar.series_id(group)}_{fourth.starts_at:%Y%m%dT%H%M%SZ}"
    assert calendar.ask(f"events/{place}")["status"] == "cancelled"

    cohort.number_of_meetings = 5
    cohort.save()
    calendar.work()
    assert calendar.occurrence(realized.meeting("A", 4))["status"] == "confirmed"
    assert [event["start"] for event in calendar.singles(group)] == [single["start"]]
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


def test_a_renamed_group_is_renamed_in_the_calendar_and_no_one_is_mailed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    group.name = "Group Alpha"
    group.save()
    calendar.work()
    assert calendar.series(group)["summary"] == "Course - Group Alpha"
    assert calendar.mails == []


def test_a_renamed_course_is_renamed_in_the_calendar_and_no_one_is_mailed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    course = Course.objects.get()
    course.name = "Better course"
    course.save()
    calendar.work()
    summaries = {calendar.series(group)["summary"] for group in realized.groups.values()}
    assert summaries == {f"Better course - Group {name}" for name in "ABC"}
    assert calendar.mails == []


def test_a_group_that_ends_has_only_what_lies_ahead_cancelled(
    realized: Academy, calendar: SeenCalendar
) -> None:
    from cohorts.services.groups import end_group

    calendar.move_clock(realized.meeting("A", 2).ends_at)
    end_group(realized.groups["A"].pk, status="cancelled", now=calendar.now)
    before = calendar.sandbox.last
    calendar.work()
    statuses = [calendar.occurrence(realized.meeting("A", n))["status"] for n in (1, 2, 3, 4)]
    assert statuses == ["confirmed", "confirmed", "cancelled", "cancelled"]
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada", "alan"}
    assert len(calendar.writes_since(before)) == 2

    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


@pytest.mark.matrix
def test_a_group_that_was_completed_keeps_its_past(
    realized: Academy, calendar: SeenCalendar
) -> None:
    from cohorts.services.groups import end_group

    calendar.move_clock(realized.meeting("A", 4).ends_at)
    end_group(realized.groups["A"].pk, status="completed", now=calendar.now)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada", "alan"}


def test_each_step_is_logged_in_sentences(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.realize(academy, "A")
    (action,) = SyncAction.objects.all()
    assert (action.verb, action.target) == ("create", "series of Group A")
    assert action.why == "4 weeks, 2 people invited"


@pytest.mark.matrix
def test_a_plan_shows_the_series_before_anyone_asked(
    academy: Academy, calendar: SeenCalendar
) -> None:
    (run,) = services.request_plan([academy.groups["A"].pk], as_if_requested=True)
    calendar.work()
    run.refresh_from_db()
    assert [action["target"] for action in run.summary["actions"]] == ["series of Group A"]
    assert not CalendarSeries.objects.exists()
