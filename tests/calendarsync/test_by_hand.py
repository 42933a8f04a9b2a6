"""What people do in Google Calendar itself: reported or repaired, never doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendarsync.models import CalendarAddress, CalendarSeries
from cohorts.models import Group, User
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership
from meetings.models import Meeting
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_guests import book, cancel
from tests.support.academy import Academy
from tests.support.moves import move_meeting
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def stamp(moment) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_a_deleted_series_is_reported_and_never_recreated_automatically(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    calendar.do("delete_event", event=calendar.series_id(group))
    before = calendar.sandbox.last
    calendar.look()
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_gone"}
    assert GroupSync.objects.get(group=group).ready_at is None


@pytest.mark.matrix
def test_pressing_realize_again_is_withheld(realized: Academy, calendar: SeenCalendar) -> None:
    calendar.do("delete_event", event=calendar.series_id(realized.groups["A"]))
    calendar.look()
    before = calendar.sandbox.last
    calendar.realize(realized, "A")
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_gone"}


def test_staff_have_a_deleted_series_recreated(realized: Academy, calendar: SeenCalendar) -> None:
    group = realized.groups["A"]
    gone = calendar.series_id(group)
    calendar.do("delete_event", event=gone)
    calendar.look()
    services.recreate([group.pk], "calendar", by=None, now=calendar.now)
    calendar.work()
    assert calendar.series_id(group) != gone
    assert calendar.invited(calendar.series(group)) == {"ada", "alan"}
    assert calendar.mails == [("ada", "invitation"), ("alan", "invitation")]
    assert calendar.troubles() == {}


@pytest.mark.matrix
def test_a_series_that_exists_is_not_recreated(realized: Academy, calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    services.recreate([realized.groups["A"].pk], "calendar", by=None, now=calendar.now)
    calendar.work()
    assert calendar.writes_since(before) == []
    assert CalendarSeries.objects.count() == 3


@pytest.mark.matrix
def test_a_series_restored_from_the_bin_is_ready_again(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.look()
    changes = {"status": "confirmed"}
    calendar.do("edit_event", event=calendar.series_id(group), changes=changes)
    calendar.look()
    assert calendar.troubles() == {}
    assert GroupSync.objects.get(group=group).ready_at is not None


def test_a_split_series_is_reported_and_who_joins_is_invited_to_both_parts(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    at = stamp(realized.meeting("A", 3).starts_at)
    calendar.do("split", event=calendar.series_id(group), at=at)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_split"}
    realized.add_member("Anne", "A")
    calendar.work()
    (later,) = [one for one in calendar.all_series if "_R" in one["id"]]
    assert calendar.invited(later) == {"ada", "alan", "anne"}
    assert calendar.invitations(User.objects.get(name="Anne")) == calendar.invitations(
        User.objects.get(name="Ada")
    )
    calendar.move_clock(realized.meeting("A", 2).starts_at + HOUR)
    calendar.do("split", event=later["id"], at=stamp(realized.meeting("A", 4).starts_at))
    calendar.move_clock(realized.meeting("A", 3).starts_at + HOUR)
    realized.add_member("Amy", "A")
    calendar.work()
    invited = [calendar.invited(one) for one in calendar.all_series if "_R" in one["id"]]
    assert sorted("amy" in people for people in invited) == [False, True], "one part is over"


def test_where_google_keeps_a_later_part_from_being_changed_all_else_goes_on(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    at = stamp(realized.meeting("A", 3).starts_at)
    calendar.do("split", event=calendar.series_id(group), at=at)
    calendar.look()
    fault = {"kind": "error", "status": 400, "method": "PATCH", "path": r"_R\d{8}T\d{6}$"}
    calendar.sandbox.set_faults(fault)
    realized.add_member("Anne", "A")
    realized.add_member("Bert", "B")
    for _ in range(3):
        calendar.try_once()
    (later,) = [one for one in calendar.all_series if "_R" in one["id"]]
    assert calendar.invited(later) == {"ada", "alan"}
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}
    assert "bert" in calendar.invited(calendar.series(realized.groups["B"]))
    assert not CalendarAddress.objects.filter(refused_at__isnull=False).exists()
    assert calendar.troubles().keys() == {"Group A"}
    calendar.sandbox.set_faults()
    calendar.recover()
    assert calendar.invited(calendar.find(later["id"])) == {"ada", "alan", "anne"}
    assert calendar.troubles() == {"Group A": "series_split"}


def test_a_later_part_that_is_left_when_a_split_series_is_recreated_is_reported(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, alan = realized.groups["A"], User.objects.get(name="Alan")
    change_by_hand(calendar, realized, "split before")
    calendar.look()
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.look()
    services.recreate([group.pk], "calendar", by=None, now=calendar.now)
    calendar.work()
    assert len(calendar.invitations(alan)) > 4, "he is invited twice"
    assert calendar.troubles() == {"Group A": "series_continued"}
    (later,) = [one for one in calendar.all_series if "_R" in one["id"]]
    calendar.do("delete_event", event=later["id"])
    calendar.look()
    assert calendar.troubles() == {}


def test_a_series_moved_by_hand_is_reported_and_its_list_still_kept(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    first = realized.meeting("A", 1)
    moved = {
        "start": {"dateTime": stamp(first.starts_at + HOUR), "timeZone": "UTC"},
        "end": {"dateTime": stamp(first.ends_at + HOUR), "timeZone": "UTC"},
    }
    calendar.do("edit_event", event=calendar.series_id(group), changes=moved)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_edited"}
    realized.add_member("Anne", "A")
    calendar.work()
    after = calendar.series(group)
    assert "anne" in calendar.invited(after)
    assert after["start"] == moved["start"]


@pytest.mark.matrix
def test_a_shorter_rule_by_hand_is_reported(realized: Academy, calendar: SeenCalendar) -> None:
    group = realized.groups["A"]
    changes = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]}
    calendar.do("edit_event", event=calendar.series_id(group), changes=changes)
    calendar.look()
    assert calendar.troubles() == {"Group A": "series_edited"}


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "Something else"},
        in_matrix({"description": ""}),
        in_matrix({"location": "the pub"}),
        {"guestsCanSeeOtherGuests": True},
        in_matrix({"guestsCanModify": True}),
        in_matrix({"reminders": {"useDefault": True}}),
        in_matrix(
            {"reminders": {"useDefault": False, "overrides": [{"method": "email", "minutes": 5}]}}
        ),
    ],
    ids="-".join,
)
def test_texts_and_settings_changed_by_hand_are_put_back_without_a_mail(
    realized: Academy, calendar: SeenCalendar, changes: dict
) -> None:
    group = realized.groups["A"]
    before = calendar.series(group)
    calendar.do("edit_event", event=calendar.series_id(group), changes=changes)
    calendar.look()
    after = calendar.series(group)
    volatile = {"etag", "updated", "sequence"}
    assert {k: v for k, v in after.items() if k not in volatile} == {
        k: v for k, v in before.items() if k not in volatile
    }
    assert calendar.mails == []


def test_other_events_in_the_calendar_are_left_alone(
    realized: Academy, calendar: SeenCalendar
) -> None:
    body = {
        "summary": "Lunch",
        "start": {"dateTime": "2026-11-04T12:00:00Z"},
        "end": {"dateTime": "2026-11-04T13:00:00Z"},
        "attendees": [{"email": "friend@elsewhere.example"}],
    }
    calendar.insert(body)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {}


def leave(person: User, calendar: SeenCalendar) -> None:
    end_membership(person.memberships.get().pk, status="dropped", now=calendar.now)


def change_by_hand(calendar: SeenCalendar, academy: Academy, change: str) -> str:
    """Change the series of group A; return the issue."""
    series = calendar.series_id(academy.groups["A"])
    if change == "longer":
        rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]}
        calendar.do("edit_event", event=series, changes=rule)
        return "series_edited"
    week = {"split before": 2, "split after": 4}[change]
    calendar.do("split", event=series, at=stamp(academy.meeting("A", week).starts_at))
    return "series_split"


@in_pairs
@pytest.mark.parametrize("change", ["longer", "split before", "split after"])
def test_who_leaves_a_group_is_invited_to_none_of_it_although_the_series_was_changed_by_hand(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode, change: str
) -> None:
    group, alan = realized.groups["A"], User.objects.get(name="Alan")
    third = realized.meeting("A", 3)
    third = move_meeting(third.pk, starts_at=third.starts_at + HOUR, now=calendar.now)
    calendar.work()
    issue = change_by_hand(calendar, realized, change)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []

    leave(alan, calendar)
    realized.add_member("Anne", "A")
    calendar.work()
    moved = calendar.occurrence(third)
    assert moved["start"]["dateTime"] == stamp(third.starts_at)
    assert {"ada"} <= calendar.invited(moved) <= {"ada", "anne"}
    assert calendar.invitations(alan) == []
    assert calendar.invited(calendar.series(group)) == {"ada", "anne"}
    assert calendar.troubles() == {"Group A": issue}
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


def test_a_visit_that_ends_ends_its_invitation_although_the_series_was_changed_by_hand(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    ada = User.objects.get(name="Ada")
    for number in (2, 3):
        book(realized, calendar, "Ada", "B", number)
    calendar.work()
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]}
    calendar.do("edit_event", event=calendar.series_id(realized.groups["B"]), changes=rule)
    calendar.look()
    assert calendar.troubles() == {"Group B": "series_edited"}
    stays = calendar.invitations(ada)  # Google may have taken her off all by the change
    stays = [start for start in stays if start != stamp(realized.meeting("B", 2).starts_at)]

    cancel(realized, calendar, "Ada", "B", 2)
    calendar.work()
    assert calendar.invitations(ada) == stays
    third = calendar.invited(calendar.occurrence(realized.meeting("B", 3)))
    assert google_mode.exceptions == "overwritten" or third == {"ada", "bea", "ben"}
    second = calendar.occurrence(realized.meeting("B", 2))
    assert calendar.invited(second) == {"bea", "ben"}


def test_an_extra_session_that_is_restored_after_lens_made_another_event_of_it_is_cancelled_again(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, ada = realized.groups["A"], User.objects.get(name="Ada")
    at = realized.meeting("A", 4).starts_at + timedelta(days=7)
    Meeting.objects.create(group=group, duration_minutes=60, starts_at=at)
    calendar.work()
    (first,) = calendar.singles(group)
    calendar.do("delete_event", event=first["id"])
    calendar.look()
    (second,) = calendar.singles(group)
    calendar.do("edit_event", event=first["id"], changes={"status": "confirmed"})
    calendar.look()
    assert [one["id"] for one in calendar.singles(group)] == [second["id"]]
    assert calendar.invitations(ada).count(stamp(at)) == 1


def move_last_past_its_series(academy: Academy, calendar: SeenCalendar) -> Meeting:
    """Move the last meeting of group A by three days, and let its usual day pass."""
    last = academy.meeting("A", 4)
    last = move_meeting(last.pk, starts_at=last.starts_at + timedelta(days=3), now=calendar.now)
    calendar.work()
    calendar.move_clock(last.starts_at - timedelta(days=2))
    calendar.look()
    return last


def test_a_series_deleted_after_its_last_usual_day_is_reported_while_a_moved_meeting_is_ahead(
    realized: Academy, calendar: SeenCalendar
) -> None:
    last = move_last_past_its_series(realized, calendar)
    group, ada = realized.groups["A"], User.objects.get(name="Ada")
    calendar.do("delete_event", event=calendar.series_id(group))
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_gone"}
    (drift,) = GroupSync.objects.get(group=group).drift
    assert drift["kind"] == "deleted"
    assert "2 people" in drift["ours"]

    services.recreate([group.pk], "calendar", by=None, now=calendar.now)
    calendar.work()
    assert calendar.invitations(ada) == [stamp(last.starts_at)]
    assert calendar.troubles() == {}
    calendar.move_clock(last.starts_at + HOUR)
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.look()
    assert calendar.troubles() == {}  # nothing is ahead


@pytest.mark.parametrize("rule", ["RRULE:FREQ=WEEKLY;COUNT=12", "RRULE:FREQ=WEEKLY"])
def test_a_series_that_is_made_longer_after_its_last_day_is_reported_and_keeps_no_one_who_leaves(
    realized: Academy, calendar: SeenCalendar, rule: str
) -> None:
    group, alan = realized.groups["A"], User.objects.get(name="Alan")
    calendar.move_clock(realized.meeting("A", 4).starts_at + timedelta(days=9))
    calendar.look()
    assert calendar.troubles() == {}
    series = calendar.series_id(group)
    calendar.do("edit_event", event=series, changes={"recurrence": [rule]})
    calendar.look()
    calendar.look()  # from the copies
    assert calendar.troubles() == {"Group A": "series_edited"}
    (drift,) = GroupSync.objects.get(group=group).drift
    assert drift["kind"] == "edited"
    leave(alan, calendar)
    calendar.work()
    assert calendar.invitations(alan) == []
    assert calendar.invited(calendar.series(group)) == {"ada"}
    end_group(group.pk, status=Group.Status.CANCELLED, now=calendar.now)
    calendar.work()
    assert calendar.invited(calendar.series(group)) == set()
    assert calendar.troubles() == {"Group A": "series_edited"}
    undone = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}
    calendar.do("edit_event", event=series, changes=undone)
    calendar.look()
    assert calendar.troubles() == {}


def test_an_extra_session_has_the_people_of_its_group_although_the_series_was_deleted_by_hand(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, alan = realized.groups["A"], User.objects.get(name="Alan")
    extra = {"starts_at": realized.meeting("A", 4).starts_at + timedelta(days=7)}
    Meeting.objects.create(group=group, duration_minutes=60, **extra)
    calendar.work()
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.look()
    assert calendar.troubles() == {"Group A": "series_gone"}
    leave(alan, calendar)
    realized.add_member("Anne", "A")
    calendar.work()
    (single,) = calendar.singles(group)
    assert calendar.invited(single) == {"ada", "anne"}
    assert calendar.invitations(alan) == []
