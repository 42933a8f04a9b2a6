"""A guest is invited to the one meeting, by either way, and no one else notices in their entry."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from calendarsync.decisions import invite_again
from calendarsync.models import CalendarAddress
from cohorts.models import Membership, User
from cohorts.services.memberships import end_membership
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import move_meeting
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db

both_ways = pytest.mark.parametrize("way", ["instance", in_matrix("own_event")])


@pytest.fixture(autouse=True)
def _way(request: pytest.FixtureRequest, settings) -> None:
    if "way" in request.fixturenames:
        settings.CALENDAR_GUEST_INVITATION = request.getfixturevalue("way")


def person(name: str) -> User:
    return Membership.objects.get(user__name=name).user


def book(academy: Academy, calendar: SeenCalendar, name: str, group: str, number: int) -> None:
    home = Membership.objects.get(user__name=name).group
    book_visit(
        person(name).pk,
        home_meeting_id=home.meetings.get(number=number).pk,
        host_meeting_id=academy.meeting(group, number).pk,
        now=calendar.now,
    )


def cancel(academy: Academy, calendar: SeenCalendar, name: str, group: str, number: int) -> None:
    cancel_visit(
        person(name).pk, host_meeting_id=academy.meeting(group, number).pk, now=calendar.now
    )


def invitations_of(calendar: SeenCalendar, academy: Academy, name: str, group: str) -> list[str]:
    """The starts of the group's meetings that someone is invited to, in either way."""
    found = []
    for meeting in academy.groups[group].meetings.order_by("number"):
        occurrence = calendar.occurrence(meeting)
        if occurrence["status"] == "confirmed" and name in calendar.invited(occurrence):
            found.append(occurrence["start"]["dateTime"])
    singles = calendar.singles(academy.groups[group])
    return found + [one["start"]["dateTime"] for one in singles if name in calendar.invited(one)]


def assert_quiet(calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.reads_since(before) == 1


@both_ways
@in_pairs
def test_a_visit_is_one_invitation_and_goes_away_with_the_visit(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode, way: str
) -> None:
    calendar.respond(person("Bea"), "accepted", realized.groups["B"])
    calendar.respond(person("Ben"), "declined", realized.groups["B"], realized.meeting("B", 2))
    before = calendar.occurrence(realized.meeting("B", 2))["attendees"]
    book(realized, calendar, "Ada", "B", 2)
    number = calendar.sandbox.last
    calendar.work()

    host = realized.meeting("B", 2)
    start = host.starts_at.isoformat().replace("+00:00", "Z")
    assert invitations_of(calendar, realized, "ada", "B") == [start]
    assert len(calendar.writes_since(number)) == 1
    attendees = calendar.occurrence(host)["attendees"]
    assert [one for one in attendees if one["email"] != "ada@example.org"] == before
    assert ("ada", "invitation") in calendar.mails
    if google_mode.mails == "concerned" or way == "own_event":
        assert calendar.mails == [("ada", "invitation")]
    assert_quiet(calendar)

    calendar.forget_mails()
    cancel(realized, calendar, "Ada", "B", 2)
    calendar.work()
    assert invitations_of(calendar, realized, "ada", "B") == []
    assert calendar.occurrence(host)["attendees"] == before
    assert ("ada", "cancellation") in calendar.mails
    assert_quiet(calendar)


@both_ways
@in_pairs
def test_a_new_member_of_the_host_group_leaves_the_guest_invited(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode, way: str
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    realized.add_member("Bob", "B")
    calendar.work()
    assert len(invitations_of(calendar, realized, "ada", "B")) == 1
    for number in (1, 2, 3, 4):
        expected = {"bea", "ben", "bob"}
        expected |= {"ada"} if number == 2 and way == "instance" else set()
        occurrence = calendar.occurrence(realized.meeting("B", number))
        assert calendar.invited(occurrence) == expected, f"week {number}"
    assert_quiet(calendar)


@pytest.mark.matrix
@both_ways
def test_booking_again_after_cancelling_invites_again(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    for _ in range(2):
        book(realized, calendar, "Ada", "B", 2)
        calendar.work()
        assert len(invitations_of(calendar, realized, "ada", "B")) == 1
        cancel(realized, calendar, "Ada", "B", 2)
        calendar.work()
        assert invitations_of(calendar, realized, "ada", "B") == []
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    assert len(invitations_of(calendar, realized, "ada", "B")) == 1
    assert_quiet(calendar)


@pytest.mark.matrix
@both_ways
def test_two_guests_of_one_meeting(realized: Academy, calendar: SeenCalendar, way: str) -> None:
    book(realized, calendar, "Ada", "B", 2)
    book(realized, calendar, "Cleo", "B", 2)
    calendar.work()
    cancel(realized, calendar, "Cleo", "B", 2)
    calendar.work()
    assert len(invitations_of(calendar, realized, "ada", "B")) == 1
    assert invitations_of(calendar, realized, "cleo", "B") == []
    assert_quiet(calendar)


@pytest.mark.matrix
@both_ways
def test_the_guest_stays_invited_to_a_visit_that_is_over(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    calendar.move_clock(realized.meeting("B", 2).starts_at + timedelta(days=4))
    calendar.look()  # after so long the sync token is old
    assert_quiet(calendar)
    assert len(invitations_of(calendar, realized, "ada", "B")) == 1


@both_ways
def test_pages_learn_who_is_invited_as_a_guest(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    state = person("Ada").access_states.get(provider="calendar", group=realized.groups["B"])
    assert (state.state, state.reason) == ("granted", "guest in week 2")
    cancel(realized, calendar, "Ada", "B", 2)
    calendar.work()
    state.refresh_from_db()
    assert state.state == "ended"


@both_ways
def test_a_guest_without_an_address_sees_the_reason(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    ada = person("Ada")
    User.objects.filter(pk=ada.pk).update(email=None)
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    state = ada.access_states.get(provider="calendar", group=realized.groups["B"])
    assert state.state == "no_address"
    assert calendar.invited(calendar.occurrence(realized.meeting("B", 2))) == {"bea", "ben"}
    assert calendar.singles(realized.groups["B"]) == []


def test_an_address_that_is_tried_again_is_invited_by_the_host_group_too(
    realized: Academy, calendar: SeenCalendar
) -> None:
    ada = User.objects.get(name="Ada")
    row = CalendarAddress.objects.create(user=ada, email=ada.email, refused_at=calendar.now)
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    assert invitations_of(calendar, realized, "ada", "B") == []
    invite_again([row])
    calendar.work()
    assert len(invitations_of(calendar, realized, "ada", "B")) == 1


@pytest.mark.matrix
def test_changing_the_way_moves_the_invitation(
    realized: Academy, calendar: SeenCalendar, settings
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    for way in ("own_event", "instance"):
        settings.CALENDAR_GUEST_INVITATION = way
        calendar.look()
        assert len(invitations_of(calendar, realized, "ada", "B")) == 1
        assert_quiet(calendar)


@pytest.mark.matrix
@both_ways
def test_a_guest_taken_off_by_hand_is_invited_again(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    host = realized.meeting("B", 2)
    if way == "own_event":
        (single,) = calendar.singles(realized.groups["B"])
        calendar.do("delete_event", event=single["id"])
    else:
        occurrence = calendar.occurrence(host)
        kept = [one for one in occurrence["attendees"] if one["email"] != "ada@example.org"]
        calendar.do("edit_event", event=occurrence["id"], changes={"attendees": kept})
    calendar.look()
    assert len(invitations_of(calendar, realized, "ada", "B")) == 1
    assert_quiet(calendar)


@pytest.mark.matrix
@both_ways
def test_a_visit_to_a_meeting_outside_the_rhythm(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    for name in "AB":
        last = realized.meeting(name, 4)
        realized.groups[name].meetings.create(
            number=5, starts_at=last.starts_at + timedelta(days=7), duration_minutes=60
        )
    book(realized, calendar, "Ada", "B", 5)
    calendar.work()
    singles = calendar.singles(realized.groups["B"])
    assert sum("ada" in calendar.invited(one) for one in singles) == 1
    cancel(realized, calendar, "Ada", "B", 5)
    calendar.work()
    singles = calendar.singles(realized.groups["B"])
    assert [calendar.invited(one) for one in singles] == [{"bea", "ben"}]
    assert_quiet(calendar)


@both_ways
def test_what_google_refuses_keeps_no_visit_from_ending_and_no_meeting_from_moving(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    bob = realized.add_member("Bob", "B")
    User.objects.filter(pk=bob.pk).update(email="not an address")
    end_membership(Membership.objects.get(user__name="Ben").pk, status="dropped", now=calendar.now)
    cancel(realized, calendar, "Ada", "B", 2)
    book(realized, calendar, "Cleo", "B", 3)
    moved = realized.meeting("B", 4)
    move_meeting(moved.pk, starts_at=moved.starts_at + timedelta(hours=3), now=calendar.now)
    calendar.work()
    assert calendar.troubles() == {"Group B": "address_refused"}
    assert invitations_of(calendar, realized, "ada", "B") == []
    assert invitations_of(calendar, realized, "ben", "B") == []
    assert len(invitations_of(calendar, realized, "cleo", "B")) == 1
    start = calendar.occurrence(moved)["start"]["dateTime"]
    moved.refresh_from_db()
    assert datetime.fromisoformat(start) == moved.starts_at


@pytest.mark.matrix
@both_ways
def test_a_visit_ends_though_the_hosts_series_was_deleted(
    realized: Academy, calendar: SeenCalendar, way: str
) -> None:
    book(realized, calendar, "Ada", "B", 2)
    calendar.work()
    calendar.do("delete_event", event=calendar.series_id(realized.groups["B"]))
    cancel(realized, calendar, "Ada", "B", 2)
    calendar.look()
    assert [one for one in calendar.events.values() if "ada" in calendar.invited(one)] == [
        calendar.series(realized.groups["A"])
    ]


def test_an_answer_to_the_occurrence_between_look_and_invitation_is_kept(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """No one has changed the occurrence yet, so no listing shows it: it is read by itself."""
    book(realized, calendar, "Ada", "B", 2)
    host = realized.meeting("B", 2)
    answer = {
        "event": calendar.series_id(realized.groups["B"]),
        "attendee": person("Bea").email,
        "answer": "tentative",
        "original_start": host.starts_at.isoformat(),
    }
    calendar.sandbox.set_faults(
        {"kind": "delete", "method": "PATCH", "control": "respond", "argument": answer, "nth": 1}
    )
    calendar.work()
    occurrence = calendar.occurrence(host)
    assert calendar.answer(occurrence, person("Bea")) == "tentative"
    assert calendar.invited(occurrence) == {"ada", "bea", "ben"}
