"""Meetings that differ from their series: moved, called off, brought back, outside the rhythm."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db.models import F

from cohorts.models import Group, Membership, User
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership
from meetings.models import Attendance, Meeting
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting, restore_meeting

pytestmark = pytest.mark.django_db


def stamp(moment) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def move(academy: Academy, calendar: SeenCalendar, group: str, number: int) -> Meeting:
    meeting = academy.meeting(group, number)
    return move_meeting(
        meeting.pk, starts_at=meeting.starts_at + timedelta(hours=26), now=calendar.now
    )


def assert_quiet(calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.reads_since(before) == 1


def test_a_moved_meeting_is_a_moved_occurrence_and_everyone_is_mailed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    meeting = move(realized, calendar, "A", 2)
    before = calendar.sandbox.last
    calendar.work()
    occurrence = calendar.occurrence(meeting)
    assert occurrence["start"]["dateTime"] == stamp(meeting.starts_at)
    assert occurrence["end"]["dateTime"] == stamp(meeting.ends_at)
    assert calendar.writes_since(before) == ["PATCH"]
    assert calendar.mails == [("ada", "update"), ("alan", "update")]
    assert_quiet(calendar)


def test_a_start_between_two_minutes_is_written_once(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Google keeps whole seconds, so a finer start would differ from it for ever."""
    meeting = realized.meeting("A", 2)
    odd = timedelta(hours=26, seconds=7, milliseconds=500)
    move_meeting(meeting.pk, starts_at=meeting.starts_at + odd, now=calendar.now)
    calendar.work()
    assert_quiet(calendar)


def test_a_stored_start_with_a_fraction_of_a_second_is_as_google_keeps_it(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Older versions stored such a start."""
    meeting = move(realized, calendar, "A", 2)
    half = timedelta(milliseconds=500)
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=F("starts_at") + half)
    calendar.work()
    assert calendar.occurrence(meeting)["start"]["dateTime"] == stamp(meeting.starts_at)
    assert_quiet(calendar)


def test_a_stored_weekly_time_with_a_fraction_of_a_second_is_as_google_keeps_it(
    academy: Academy, calendar: SeenCalendar
) -> None:
    half = timedelta(milliseconds=500)
    Group.objects.update(start_time=F("start_time") + half)
    held = {name: F(name) + half for name in ("starts_at", "rhythm_starts_at")}
    Meeting.objects.update(**held)
    calendar.realize(academy)
    assert calendar.troubles() == {}
    move(academy, calendar, "A", 2)
    calendar.work()
    assert_quiet(calendar)
    calendar.respond(User.objects.get(name="Ada"), "accepted", academy.groups["A"])
    calendar.look()
    assert set(Attendance.objects.values_list("rsvp", flat=True)) == {"attending"}


def test_a_place_with_a_fraction_of_a_second_is_in_its_series_also_weeks_after_that_is_over(
    realized: Academy, calendar: SeenCalendar
) -> None:
    last = realized.meeting("A", 4)
    half = timedelta(milliseconds=500)
    Meeting.objects.filter(pk=last.pk).update(rhythm_starts_at=F("rhythm_starts_at") + half)
    last = move_past(realized, calendar, last, 21)
    calendar.move_clock(last.starts_at - timedelta(days=1))
    end_membership(
        User.objects.get(name="Alan").memberships.get().pk, status="dropped", now=calendar.now
    )
    calendar.work()
    assert calendar.invited(calendar.occurrence(last)) == {"ada"}


def test_a_cancelled_meeting_is_a_cancelled_occurrence_and_comes_back(
    realized: Academy, calendar: SeenCalendar
) -> None:
    meeting = realized.meeting("A", 2)
    cancel_meeting(meeting.pk, now=calendar.now)
    before = calendar.sandbox.last
    calendar.work()
    assert calendar.occurrence(meeting)["status"] == "cancelled"
    assert calendar.writes_since(before) == ["DELETE"]
    assert calendar.mails == [("ada", "cancellation"), ("alan", "cancellation")]
    assert_quiet(calendar)

    restore_meeting(meeting.pk, now=calendar.now)
    calendar.work()
    occurrence = calendar.occurrence(meeting)
    assert occurrence["status"] == "confirmed"
    assert calendar.invited(occurrence) == {"ada", "alan"}
    assert_quiet(calendar)


@pytest.mark.matrix
def test_a_meeting_cancelled_and_brought_back_within_one_pass_is_right(
    realized: Academy, calendar: SeenCalendar
) -> None:
    meeting = realized.meeting("A", 2)
    cancel_meeting(meeting.pk, now=calendar.now)
    calendar.work()
    meeting.refresh_from_db()
    Meeting.objects.filter(pk=meeting.pk).update(status="scheduled")
    calendar.look()
    assert calendar.occurrence(meeting)["status"] == "confirmed"


def test_postponing_is_a_cancelled_occurrence_and_a_single_event(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    cancel_meeting(realized.meeting("A", 2).pk, now=calendar.now)
    last = realized.meeting("A", 4)
    extra = Meeting.objects.create(
        group=group, number=5, starts_at=last.starts_at + timedelta(days=7), duration_minutes=60
    )
    before = calendar.sandbox.last
    calendar.work()
    assert sorted(calendar.writes_since(before)) == ["DELETE", "POST"]
    (single,) = calendar.singles(group)
    assert single["start"]["dateTime"] == stamp(extra.starts_at)
    assert calendar.invited(single) == {"ada", "alan"}
    assert_quiet(calendar)

    move_meeting(extra.pk, starts_at=extra.starts_at + timedelta(hours=3), now=calendar.now)
    calendar.work()
    (single,) = calendar.singles(group)
    extra.refresh_from_db()
    assert single["start"]["dateTime"] == stamp(extra.starts_at)

    cancel_meeting(extra.pk, now=calendar.now)
    calendar.work()
    assert calendar.singles(group) == []
    assert_quiet(calendar)


@pytest.mark.matrix
def test_a_single_event_deleted_by_hand_is_made_again(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    last = realized.meeting("A", 4)
    Meeting.objects.create(
        group=group, number=5, starts_at=last.starts_at + timedelta(days=7), duration_minutes=60
    )
    calendar.work()
    (single,) = calendar.singles(group)
    calendar.do("delete_event", event=single["id"])
    calendar.look()
    (again,) = calendar.singles(group)
    assert again["id"] != single["id"]
    assert again["start"] == single["start"]
    assert_quiet(calendar)


def test_a_meeting_that_has_begun_is_never_patched(
    realized: Academy, calendar: SeenCalendar
) -> None:
    meeting = realized.meeting("A", 1)
    place = f"{calendar.series_id(realized.groups['A'])}_{meeting.starts_at:%Y%m%dT%H%M%SZ}"
    calendar.move_clock(meeting.starts_at + timedelta(minutes=1))
    calendar.do("delete_event", event=place)
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=meeting.starts_at - timedelta(hours=1))
    assert_quiet(calendar)


@in_pairs
def test_an_occurrence_moved_or_deleted_by_hand_is_put_right(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    first, second = realized.meeting("A", 1), realized.meeting("A", 2)
    series = calendar.series_id(realized.groups["A"])
    later = stamp(first.starts_at + timedelta(hours=5))
    calendar.do(
        "edit_event",
        event=f"{series}_{first.starts_at:%Y%m%dT%H%M%SZ}",
        changes={"start": {"dateTime": later}, "end": {"dateTime": later}},
    )
    calendar.do("delete_event", event=f"{series}_{second.starts_at:%Y%m%dT%H%M%SZ}")
    calendar.look()
    for meeting in (first, second):
        occurrence = calendar.occurrence(meeting)
        assert occurrence["status"] == "confirmed"
        assert occurrence["start"]["dateTime"] == stamp(meeting.starts_at)
        assert occurrence["end"]["dateTime"] == stamp(meeting.ends_at)
        assert calendar.invited(occurrence) == {"ada", "alan"}
    assert_quiet(calendar)


@in_pairs
def test_every_exception_is_right_after_people_come_and_go(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    """One meeting moved, one cancelled, one answered by itself; then one joins and one leaves."""
    group = realized.groups["A"]
    ada = Membership.objects.get(user__name="Ada").user
    moved = move(realized, calendar, "A", 2)
    cancel_meeting(realized.meeting("A", 3).pk, now=calendar.now)
    calendar.respond(ada, "declined", group, realized.meeting("A", 4))
    calendar.work()
    calendar.forget_mails()

    realized.add_member("Anne", "A")
    end_membership(Membership.objects.get(user__name="Alan").pk, status="dropped", now=calendar.now)
    calendar.work()
    for number in (1, 2, 4):
        occurrence = calendar.occurrence(realized.meeting("A", number))
        assert calendar.invited(occurrence) == {"ada", "anne"}, f"week {number}"
    assert calendar.occurrence(moved)["start"]["dateTime"] == stamp(moved.starts_at)
    assert calendar.occurrence(realized.meeting("A", 3))["status"] == "cancelled"
    assert calendar.troubles() == {}
    invited = [name for name, kind in calendar.mails if kind == "invitation"]
    # One for the series; another for the moved meeting, where Google left its list alone.
    assert invited == ["anne"] * (2 if google_mode.exceptions == "left_alone" else 1)
    assert_quiet(calendar)


@pytest.mark.matrix
def test_an_answer_to_one_occurrence_is_no_drift(realized: Academy, calendar: SeenCalendar) -> None:
    ada = Membership.objects.get(user__name="Ada").user
    calendar.respond(ada, "declined", realized.groups["A"], realized.meeting("A", 2))
    assert_quiet(calendar)


@pytest.mark.matrix
def test_an_exceptions_answers_survive_the_move_of_its_meeting(
    realized: Academy, calendar: SeenCalendar
) -> None:
    ada = Membership.objects.get(user__name="Ada").user
    meeting = realized.meeting("A", 2)
    calendar.respond(ada, "tentative", realized.groups["A"], meeting)
    move(realized, calendar, "A", 2)
    calendar.work()
    assert calendar.answer(calendar.occurrence(meeting), ada) == "tentative"


def test_an_answer_to_the_series_survives_the_first_change_of_an_occurrence(
    realized: Academy, calendar: SeenCalendar
) -> None:
    ada = Membership.objects.get(user__name="Ada").user
    calendar.respond(ada, "accepted", realized.groups["A"])
    meeting = move(realized, calendar, "A", 2)
    calendar.work()
    assert calendar.answer(calendar.occurrence(meeting), ada) == "accepted"


@pytest.mark.matrix
def test_a_calendar_in_another_zone_makes_no_difference(
    academy: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(time_zone="Asia/Kolkata")
    calendar.realize(academy)
    meeting = move(academy, calendar, "A", 2)
    calendar.work()
    start = calendar.occurrence(meeting)["start"]["dateTime"]
    assert start.endswith("+05:30")
    assert datetime.fromisoformat(start) == meeting.starts_at
    assert calendar.troubles() == {}
    assert_quiet(calendar)


@pytest.mark.matrix
@in_pairs
def test_a_rename_puts_a_moved_meeting_back_where_it_was_moved_to(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    """Writing the series may reset its exceptions: they are read again, and put right."""
    meeting = move(realized, calendar, "A", 2)
    calendar.work()
    group = realized.groups["A"]
    group.name = "Group Alpha"
    group.save()
    calendar.work()
    assert calendar.occurrence(meeting)["start"]["dateTime"] == stamp(meeting.starts_at)
    assert_quiet(calendar)


def move_past(academy: Academy, calendar: SeenCalendar, meeting: Meeting, days: int) -> Meeting:
    """Move a meeting some days on, and let the time of its usual place pass."""
    later = meeting.starts_at + timedelta(days=days)
    meeting = move_meeting(meeting.pk, starts_at=later, now=calendar.now)
    calendar.work()
    calendar.move_clock(meeting.rhythm_starts_at + timedelta(days=1))
    calendar.look()
    return meeting


def test_a_moved_meeting_is_called_off_also_after_its_usual_day(
    realized: Academy, calendar: SeenCalendar
) -> None:
    meeting = move_past(realized, calendar, realized.meeting("A", 2), 3)
    cancel_meeting(meeting.pk, now=calendar.now)
    calendar.work()
    assert calendar.occurrence(meeting)["status"] == "cancelled"
    assert stamp(meeting.starts_at) not in calendar.invitations(User.objects.get(name="Ada"))
    assert_quiet(calendar)


@pytest.mark.parametrize("number", [2, 4], ids=["within the series", "after its end"])
def test_a_group_that_ends_takes_along_what_was_moved_past_its_usual_day(
    realized: Academy, calendar: SeenCalendar, number: int
) -> None:
    move_past(realized, calendar, realized.meeting("A", number), 3)
    end_group(realized.groups["A"].pk, status=Group.Status.CANCELLED, now=calendar.now)
    calendar.work()
    assert calendar.invitations(User.objects.get(name="Ada")) == []
    assert_quiet(calendar)


def test_a_group_that_ends_takes_along_an_extra_session_after_its_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    last = realized.meeting("A", 4).starts_at
    Meeting.objects.create(
        group=realized.groups["A"], starts_at=last + timedelta(days=7), duration_minutes=60
    )
    calendar.work()
    calendar.move_clock(last + timedelta(days=1))
    calendar.look()
    end_group(realized.groups["A"].pk, status=Group.Status.CANCELLED, now=calendar.now)
    calendar.work()
    assert calendar.invitations(User.objects.get(name="Ada")) == []
    assert_quiet(calendar)


def test_people_come_and_go_also_after_the_last_meeting_was_moved_past_its_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    meeting = move_past(realized, calendar, realized.meeting("A", 4), 3)
    ada, alan = (User.objects.get(name=name) for name in ("Ada", "Alan"))
    ada.is_active = False
    ada.save()
    end_membership(alan.memberships.get().pk, status="dropped", now=calendar.now)
    realized.add_member("Anne", "A")
    calendar.work()
    assert calendar.invited(calendar.occurrence(meeting)) == {"anne"}
    assert (calendar.invitations(ada), calendar.invitations(alan)) == ([], [])
    anne = User.objects.get(name="Anne").access_states.get(provider="calendar")
    assert (anne.state, anne.reason) == ("granted", "")
    assert_quiet(calendar)


def test_people_of_a_group_that_ends_are_taken_off_what_was_moved_past_an_edited_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    meeting = move_past(realized, calendar, realized.meeting("A", 4), 9)
    longer = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]}
    calendar.do("edit_event", event=calendar.series_id(group), changes=longer)
    calendar.look()
    assert calendar.troubles() == {"Group A": "series_edited"}
    end_group(group.pk, status=Group.Status.CANCELLED, now=calendar.now)
    calendar.work()
    assert calendar.invited(calendar.occurrence(meeting)) == set()
    assert calendar.invitations(User.objects.get(name="Ada")) == []
    assert calendar.troubles() == {"Group A": "series_edited"}
    assert_quiet(calendar)
