"""A rhythm that changes: a new series is made, then the older one is cut, and no one is without."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from calendarsync.decisions import import_series
from calendarsync.models import CalendarSeries
from cohorts.models import Group, User
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from meetings.moving.moves import ChangeSlot
from meetings.moving.services import carry_out
from meetings.rhythm import Slot
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
THURSDAY, SATURDAY, SUNDAY = 3, 5, 6  # group A meets on Thursdays at 12:00
TO_SATURDAY = Slot(SATURDAY, time(9, 30), "Europe/Berlin", 60)


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def change_slot(academy: Academy, calendar: SeenCalendar, slot: Slot, from_week: int = 1) -> None:
    day = academy.meeting("A", from_week).starts_at.date()
    move = ChangeSlot(academy.groups["A"].pk, max(day, calendar.now.date()), slot)
    carry_out(move, by=None, now=calendar.now)


def to_come(academy: Academy, calendar: SeenCalendar) -> list[str]:
    ahead = Meeting.objects.filter(
        group=academy.groups["A"], status="scheduled", starts_at__gt=calendar.now
    )
    return sorted(stamp(start) for start in ahead.values_list("starts_at", flat=True))


def person(name: str) -> User:
    return User.objects.get(name=name)


def assert_in_sync(academy: Academy, calendar: SeenCalendar) -> None:
    """Everyone has one invitation to each meeting to come and to nothing else; then all rests."""
    for name in ("Ada", "Alan"):
        assert calendar.invitations(person(name)) == to_come(academy, calendar)
    assert "Group A" not in calendar.troubles()
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.reads_since(before) == 1


def test_before_the_first_meeting_the_older_series_goes_as_a_whole(
    realized: Academy, calendar: SeenCalendar
) -> None:
    before = calendar.sandbox.last
    change_slot(realized, calendar, TO_SATURDAY)
    calendar.work()
    assert calendar.writes_since(before) == ["POST", "DELETE"]
    assert calendar.mails == [
        (name, kind) for name in ("ada", "alan") for kind in ("cancellation", "invitation")
    ]
    assert calendar.series(realized.groups["A"])["start"]["timeZone"] == "Europe/Berlin"
    assert_in_sync(realized, calendar)


@in_pairs
def test_from_a_week_on_the_rest_is_cut_and_what_was_before_is_left_to_the_letter(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    # Where each event has an ETag of its own, that shows whether anything wrote the event.
    calendar.behave(etags="own")
    group = realized.groups["A"]
    calendar.respond(person("Ada"), "accepted", group)
    calendar.respond(person("Alan"), "declined", group, realized.meeting("A", 2))
    calendar.move_clock(realized.meeting("A", 1).ends_at)
    kept = [calendar.occurrence(realized.meeting("A", number)) for number in (1, 2)]
    calendar.forget_mails()

    change_slot(realized, calendar, TO_SATURDAY, from_week=3)
    calendar.work()

    assert [calendar.find(one["id"]) for one in kept] == kept
    assert len(calendar.series_ids(group)) == 2
    assert calendar.series(group)["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=2"]
    invited = [mail for mail in calendar.mails if mail[1] == "invitation"]
    assert invited == [("ada", "invitation"), ("alan", "invitation")]
    # Of each week that was cut, whose calendar is not Google's can learn by mail alone.
    assert [mail for mail in calendar.mails if mail[1] != "invitation"] == [
        ("ada", "cancellation")
    ] * 2 + [("alan", "cancellation")] * 2
    assert_in_sync(realized, calendar)


@pytest.mark.matrix
def test_whose_calendar_is_googles_has_one_mail_in_all(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(google_domains=["example.org"])
    calendar.move_clock(realized.meeting("A", 1).ends_at)
    change_slot(realized, calendar, TO_SATURDAY, from_week=2)
    calendar.work()
    assert calendar.mails == [("ada", "invitation"), ("alan", "invitation")]


def test_the_new_series_exists_before_anything_is_cut(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.move_clock(realized.meeting("A", 1).ends_at)
    calendar.sandbox.set_faults({"kind": "error", "status": 500, "method": "POST"})
    before = calendar.sandbox.last
    change_slot(realized, calendar, TO_SATURDAY, from_week=2)
    for _ in range(3):
        calendar.try_once()
    assert calendar.writes_since(before) == []
    assert len(calendar.invitations(person("Ada"))) == 3
    calendar.sandbox.set_faults()
    calendar.recover()
    assert_in_sync(realized, calendar)


@pytest.mark.matrix
def test_what_a_person_moved_or_cancelled_stays_so_in_the_new_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    moved = realized.meeting("A", 2)
    move_meeting(moved.pk, starts_at=moved.starts_at + timedelta(hours=3), now=calendar.now)
    cancel_meeting(realized.meeting("A", 3).pk, now=calendar.now)
    book_visit(
        person("Bea").pk,
        home_meeting_id=realized.meeting("B", 2).pk,
        host_meeting_id=moved.pk,
        now=calendar.now,
    )
    calendar.work()
    change_slot(realized, calendar, TO_SATURDAY)
    calendar.work()
    moved.refresh_from_db()
    assert moved.starts_at.weekday() == THURSDAY
    assert moved.rhythm_starts_at
    assert moved.rhythm_starts_at.weekday() == SATURDAY
    occurrence = calendar.occurrence(moved)
    assert occurrence["start"]["dateTime"] == stamp(moved.starts_at)
    assert calendar.invited(occurrence) == {"ada", "alan", "bea"}
    assert calendar.occurrence(realized.meeting("A", 3))["status"] == "cancelled"
    assert calendar.invitations(person("Bea")).count(stamp(moved.starts_at)) == 1
    assert_in_sync(realized, calendar)


@pytest.mark.matrix
def test_a_meeting_moved_past_its_place_is_not_left_in_the_older_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    first = realized.meeting("A", 1)
    move_meeting(first.pk, starts_at=first.starts_at + 4 * DAY, now=calendar.now)
    calendar.work()
    calendar.move_clock(first.starts_at + timedelta(hours=1))
    change_slot(realized, calendar, TO_SATURDAY)
    calendar.work()
    assert_in_sync(realized, calendar)


@pytest.mark.matrix
def test_another_length_is_another_slot(realized: Academy, calendar: SeenCalendar) -> None:
    first = realized.meeting("A", 1)
    slot = Slot(THURSDAY, first.starts_at.time(), "UTC", 90)
    change_slot(realized, calendar, slot, from_week=2)
    calendar.work()
    ends = calendar.series(realized.groups["A"])["end"]["dateTime"]
    assert ends == stamp(realized.meeting("A", 2).starts_at + timedelta(minutes=90))
    assert calendar.occurrence(first)["end"]["dateTime"] == stamp(first.ends_at)
    assert_in_sync(realized, calendar)


@pytest.mark.matrix
def test_another_name_of_the_same_zone_changes_nothing(
    realized: Academy, calendar: SeenCalendar
) -> None:
    before = calendar.sandbox.last
    Group.objects.filter(pk=realized.groups["A"].pk).update(timezone="Etc/UTC")
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {}


def test_a_slot_changed_twice_and_back_again_ends_right(
    realized: Academy, calendar: SeenCalendar
) -> None:
    first = realized.meeting("A", 1)
    back = Slot(THURSDAY, first.starts_at.time(), "UTC", 60)
    calendar.move_clock(first.ends_at)
    for slot in (TO_SATURDAY, Slot(SUNDAY, time(20), "UTC", 45), back):
        change_slot(realized, calendar, slot, from_week=2)
        calendar.work()
        assert_in_sync(realized, calendar)
    assert CalendarSeries.objects.filter(group=realized.groups["A"]).count() == 4
    assert calendar.occurrence(first)["status"] == "confirmed"


@pytest.mark.matrix
def test_a_new_member_is_invited_to_what_is_left_of_each_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    change_slot(realized, calendar, TO_SATURDAY, from_week=3)
    calendar.work()
    realized.add_member("Anne", "A")
    calendar.work()
    assert calendar.invitations(person("Anne")) == to_come(realized, calendar)
    assert_in_sync(realized, calendar)


def test_a_cohort_that_grows_by_several_weeks_gets_one_more_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    realized.cohort.number_of_meetings = 7
    realized.cohort.save()
    before = calendar.sandbox.last
    calendar.work()
    assert calendar.writes_since(before) == ["POST"] * 3  # one a group
    assert calendar.mails.count(("ada", "invitation")) == 1
    assert_in_sync(realized, calendar)

    realized.cohort.number_of_meetings = 3
    realized.cohort.save()
    calendar.work()
    assert_in_sync(realized, calendar)


@pytest.mark.matrix
def test_a_start_that_moves_in_preview_moves_the_series(
    academy: Academy, calendar: SeenCalendar
) -> None:
    Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
    calendar.realize(academy)
    for weeks in (6, -8, 1):
        academy.cohort.start_date += timedelta(weeks=weeks)
        academy.cohort.start_date = max(academy.cohort.start_date, date(2026, 11, 5))
        academy.cohort.save()
        calendar.work()
        assert_in_sync(academy, calendar)


@pytest.mark.matrix
def test_a_slot_that_is_given_later_and_then_another(
    academy: Academy, calendar: SeenCalendar
) -> None:
    group = academy.groups["A"]
    slot = group.weekday, group.start_time
    group.status, group.set_up_at = Group.Status.PREVIEW, None
    group.weekday, group.start_time = None, None
    group.save()
    calendar.realize(academy, "A")
    assert calendar.writes_since(0) == []
    group.weekday, group.start_time = slot
    group.save()
    calendar.work()
    assert calendar.writes_since(0) == ["POST"]
    assert_in_sync(academy, calendar)
    group.weekday = SUNDAY
    group.save()
    calendar.work()
    assert_in_sync(academy, calendar)


@pytest.mark.matrix
def test_a_group_without_anyone_waits_with_its_new_series(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    group.memberships.update(status="dropped", left_at=calendar.now)
    calendar.look()
    change_slot(realized, calendar, TO_SATURDAY)
    calendar.work()
    assert len(calendar.series_ids(group)) == 1
    realized.add_member("Anne", "A")
    calendar.work()
    assert calendar.invitations(person("Anne")) == to_come(realized, calendar)


def test_a_new_series_deleted_by_hand_is_reported_and_the_older_is_not_cut_for_it(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    calendar.move_clock(realized.meeting("A", 1).ends_at)
    calendar.sandbox.set_faults({"kind": "error", "status": 500, "method": "DELETE"})
    change_slot(realized, calendar, TO_SATURDAY, from_week=2)
    calendar.try_once()
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.sandbox.set_faults()
    before = calendar.sandbox.last
    calendar.recover()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_gone"}


@pytest.mark.matrix
def test_a_series_of_another_slot_that_staff_pointed_at_is_reported_and_left_alone(
    academy: Academy, calendar: SeenCalendar
) -> None:
    body: dict[str, Any] = {
        "summary": "Another",
        "start": {"dateTime": "2026-11-10T08:00:00Z", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-10T09:00:00Z", "timeZone": "UTC"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    }
    made = calendar.insert(body)
    calendar.look()
    import_series(academy.groups["A"].pk, made["id"])
    calendar.work()
    calendar.look()
    assert calendar.troubles()["Group A"] == "mismatched_series"
    assert len(calendar.all_series) == 1
    assert len(calendar.ask(f"events/{made['id']}/instances")["items"]) == 4
