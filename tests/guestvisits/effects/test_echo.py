"""What Google says of invitations is an echo: a visit stays what the person decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cohorts.models import Membership
from guestvisits.models import GuestVisit
from guestvisits.pages.expected_people import read_rosters
from meetings.models import Attendance
from tests.calendarsync.behaviour import EXCEPTIONS, MAILS
from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def zoned(world: World) -> World:
    """Google writes times in the calendar's own zone, which is no group's."""
    world.calendar.behave(time_zone="America/New_York")
    return world


def hear(world: World) -> None:
    """Answers are read from Google every 3 minutes; nothing is due in between."""
    world.pass_time(minutes=3)
    world.minute()


SAID = {"accepted": "attending", "declined": "not_attending", "tentative": "tentative"}
DECIDED = {"Group A 1": "not_attending", "Group B 1": "guest: attending"}


def answers(*all_of_them: str) -> list[Any]:
    """`make test` tries the answer that might do the most harm, the matrix the others."""
    return [
        pytest.param(one, marks=() if one == "declined" else pytest.mark.matrix)
        for one in all_of_them
    ]


def of_week(world: World, number: int) -> dict[str, str]:
    answers = world.answers("Ada")
    return {meeting: said for meeting, said in answers.items() if meeting.endswith(f" {number}")}


def assert_stands(world: World) -> None:
    visit = GuestVisit.objects.get()
    assert visit.is_open
    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]
    assert Attendance.objects.get(user=visit.user, meeting=visit.host_meeting).is_guest


@pytest.mark.matrix
@pytest.mark.parametrize("answer", answers("needsAction", "accepted", "declined", "tentative"))
def test_what_was_answered_at_home_before_the_booking_changes_nothing_after_it(zoned, answer):
    ada, home = zoned.person("Ada"), zoned.meeting("A")
    zoned.calendar.respond(ada, answer, zoned.group("A"), home)
    zoned.calendar.respond(ada, "accepted", zoned.group("A"))
    zoned.minute()
    zoned.book("Ada", "B")
    zoned.work()
    zoned.hour()
    assert of_week(zoned, 1) == DECIDED
    assert of_week(zoned, 2) == {"Group A 2": "attending"}, "there the answer counts"
    assert_stands(zoned)


@pytest.mark.parametrize("answer", answers("accepted", "declined", "tentative"))
def test_an_answer_at_home_during_the_visit_changes_nothing(zoned, answer):
    ada, home = zoned.person("Ada"), zoned.meeting("A")
    zoned.book("Ada", "B")
    hear(zoned)
    zoned.calendar.respond(ada, answer, zoned.group("A"), home)
    hear(zoned)
    assert zoned.answers("Ada") == DECIDED
    zoned.cancel("Ada", "B")
    hear(zoned)
    assert zoned.answers("Ada") == {"Group A 1": "pending"}, "the old answer does not come back"
    zoned.calendar.respond(ada, "tentative", zoned.group("A"), zoned.meeting("A", 2))
    hear(zoned)
    assert zoned.answers("Ada") == {"Group A 1": "pending", "Group A 2": "tentative"}


@pytest.mark.matrix
def test_an_invitation_that_no_one_has_answered_makes_no_visit_pending(zoned):
    zoned.book("Ada", "B")
    zoned.work()
    zoned.hour()
    (entry,) = (one for one in zoned.entries("B") if one["email"] == str(zoned.person("Ada").email))
    assert entry["responseStatus"] == "needsAction"
    assert zoned.answers("Ada") == DECIDED
    assert_stands(zoned)


@pytest.mark.matrix
@pytest.mark.parametrize("answer", answers("accepted", "declined", "tentative"))
def test_with_any_answer_of_the_guest_the_visit_and_its_access_stay(zoned, answer):
    zoned.book("Ada", "B")
    zoned.work()
    zoned.calendar.respond(zoned.person("Ada"), answer, zoned.group("B"), zoned.meeting("B"))
    zoned.hour()
    assert_stands(zoned)
    assert zoned.answers("Ada") == {
        "Group A 1": "not_attending",
        "Group B 1": f"guest: {SAID[answer]}",
    }
    (entry,) = (one for one in zoned.entries("B") if one["email"] == str(zoned.person("Ada").email))
    assert entry["responseStatus"] == answer, "their own entry is theirs too"


@pytest.mark.parametrize("way", ["instance", pytest.param("own_event", marks=pytest.mark.matrix)])
def test_a_guest_who_declines_in_the_calendar_is_asked_and_the_host_sees_it(zoned, way):
    zoned.book("Ada", "B")
    zoned.work()
    host = zoned.meeting("B")
    if way == "instance":
        zoned.calendar.respond(zoned.person("Ada"), "declined", zoned.group("B"), host)
    else:
        (single,) = zoned.calendar.singles(zoned.group("B"))
        ada = zoned.person("Ada").email
        zoned.calendar.do("respond", event=single["id"], attendee=ada, answer="declined")
    hear(zoned)
    assert_stands(zoned)
    page = zoned.page("Ada")
    assert "The visit stays booked until you cancel it." in page
    assert "Cancel visit" in page
    (line,) = (line for line in read_rosters([host])[host.pk] if line.name == "Ada")
    assert (line.is_guest, line.rsvp) == (True, "not_attending")
    zoned.cancel("Ada", "B")
    hear(zoned)
    assert zoned.answers("Ada") == {"Group A 1": "pending"}
    assert zoned.access("Ada") == {"A"}


@pytest.mark.parametrize("answer", answers("accepted", "declined"))
def test_an_answer_that_comes_after_the_visit_rewrites_no_history(zoned, answer):
    zoned.book("Ada", "B")
    zoned.work()
    zoned.move_clock(zoned.meeting("B").starts_at + 4 * DAY)
    zoned.minute()
    zoned.calendar.respond(zoned.person("Ada"), answer, zoned.group("B"), zoned.meeting("B"))
    zoned.hour()
    visit = GuestVisit.objects.get()
    assert visit.end_reason == "over"
    assert Attendance.objects.get(user=visit.user, meeting=visit.host_meeting).is_guest
    assert zoned.answers("Ada")["Group A 1"] == "not_attending"
    assert zoned.access("Ada") == {"A"}


@pytest.mark.matrix
def test_a_guest_who_answers_while_the_removal_fails_is_removed_all_the_same(zoned):
    zoned.book("Ada", "B")
    zoned.work()
    zoned.sandbox.set_faults({"kind": "error", "status": 503, "service": "google", "wrote": True})
    zoned.cancel("Ada", "B")
    zoned.work()
    zoned.calendar.respond(zoned.person("Ada"), "accepted", zoned.group("B"), zoned.meeting("B"))
    zoned.minute(3)
    assert zoned.invited("Ada", "B") == [1]
    assert zoned.access("Ada") == {"A"}, "Discord waits for nobody"

    zoned.sandbox.set_faults()
    zoned.minute(2)
    assert zoned.invited("Ada", "B") == []
    assert zoned.answers("Ada") == {"Group A 1": "pending"}
    assert not Membership.objects.filter(user__name="Ada", group=zoned.group("B")).exists()
    assert zoned.troubles() == []


# -- someone else comes -------------------------------------------------------------------------

MODES = [
    (way, exceptions, mails)
    for way in ("instance", "own_event")
    for exceptions in EXCEPTIONS
    for mails in MAILS
]
SAMPLE = [("instance", "overwritten", "concerned")]


def check_new_member(world: World, settings, way: str, exceptions: str, mails: str) -> None:
    settings.CALENDAR_GUEST_INVITATION = way
    world.calendar.behave(exceptions=exceptions, mails=mails)
    world.calendar.respond(world.person("Bea"), "accepted", world.group("B"))
    world.book("Ada", "B")
    world.work()
    world.add("Bob", "B")
    world.work()
    assert_stands(world)
    assert world.access("Bob") == {"B"}
    assert world.invited("Bob", "B") == [1, 2, 3]
    answers = {one["email"][:3]: one["responseStatus"] for one in world.entries("B", but=["Ada"])}
    assert answers == {"bea": "accepted", "ben": "needsAction", "bob": "needsAction"}
    world.cancel("Ada", "B")
    world.work()
    assert world.invited("Ada", "B") == []
    assert world.invited("Bob", "B") == [1, 2, 3]
    assert world.troubles() == []


@pytest.mark.parametrize(("way", "exceptions", "mails"), SAMPLE)
def test_a_new_member_of_the_host_group_leaves_the_guest_invited(
    world, settings, way, exceptions, mails
):
    check_new_member(world, settings, way, exceptions, mails)


@pytest.mark.matrix
@pytest.mark.parametrize(("way", "exceptions", "mails"), [m for m in MODES if m not in SAMPLE])
def test_a_new_member_leaves_the_guest_invited_in_every_mode(
    world, settings, way, exceptions, mails
):
    check_new_member(world, settings, way, exceptions, mails)
