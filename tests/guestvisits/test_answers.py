"""Answers and visits: a visit is not answered away, and a guest may answer like a member."""

from datetime import timedelta
from functools import partial

import pytest

from cohorts.errors import Refusal
from cohorts.models import User
from guestvisits.models import GuestVisit
from guestvisits.selectors import list_visits
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from guestvisits.services.updating import update_all_visits
from meetings.models import Attendance
from meetings.rsvps import set_rsvp
from tests.support.race import DONE, race

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(academy) -> User:
    return academy.add_member("Alice", "A")


@pytest.fixture
def visit(academy, alice, now) -> GuestVisit:
    return book(academy, alice, now)


def book(academy, user, now) -> GuestVisit:
    home, host = academy.meeting("A"), academy.meeting("B")
    return book_visit(user.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)


@pytest.mark.parametrize("rsvp", ["attending", "tentative"])
def test_a_person_who_visits_another_group_cannot_attend_at_home_as_well(
    academy, alice, visit, now, rsvp
):
    with pytest.raises(Refusal) as refused:
        set_rsvp(academy.meeting("A").pk, alice.pk, rsvp, now=now)
    assert refused.value.code == "away"
    assert refused.value.sentence == (
        "You're visiting Group B in week 1 in place of this meeting. Cancel that visit first."
    )
    at_home = Attendance.objects.get(user=alice, meeting__group=academy.groups["A"])
    assert at_home.rsvp == "not_attending"


def test_saying_once_more_that_one_is_away_is_fine(academy, alice, visit, now):
    given = set_rsvp(academy.meeting("A").pk, alice.pk, "not_attending", now=now)
    assert given.rsvp == "not_attending"


def test_once_the_visit_is_cancelled_the_person_can_come(academy, alice, visit, now):
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    set_rsvp(academy.meeting("A").pk, alice.pk, "attending", now=now)


def test_a_visit_that_took_place_replaces_the_meeting_at_home(academy, alice, visit, now):
    home = academy.meeting("A")
    home.starts_at = visit.host_meeting.ends_at + timedelta(days=9)
    home.save()
    for later in (visit.host_meeting.ends_at, visit.host_meeting.ends_at + timedelta(days=8)):
        update_all_visits(later)
        with pytest.raises(Refusal, match="You visited Group B this week"):
            set_rsvp(home.pk, alice.pk, "attending", now=later)
    visit.refresh_from_db()
    assert visit.end_reason == "over"


def test_a_guest_who_cannot_come_keeps_the_visit_and_is_asked(academy, alice, visit, now):
    later = now + timedelta(hours=1)
    given = set_rsvp(visit.host_meeting_id, alice.pk, "not_attending", now=later)
    assert (given.rsvp, given.is_guest) == ("not_attending", True)
    (mine,) = list_visits(alice.pk, later)
    assert (mine.visit.is_open, mine.has_declined, mine.can_cancel) == (True, True, True)


def test_a_guest_whose_visit_has_ended_answers_no_more(academy, alice, visit, now):
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    with pytest.raises(Refusal, match="no such meeting"):
        set_rsvp(visit.host_meeting_id, alice.pk, "attending", now=now)


@pytest.mark.django_db(transaction=True)
def test_answering_and_booking_at_the_same_moment_leave_what_the_rules_allow(academy, now):
    people = [academy.add_member(f"Person {number}", "A") for number in range(6)]
    home = academy.meeting("A")
    done = race(
        *[partial(book, academy, person, now) for person in people],
        *[partial(set_rsvp, home.pk, person.pk, "attending", now=now) for person in people],
    )
    assert set(done[:6]) == {DONE}
    assert set(done[6:]) <= {DONE, "away"}
    assert set(home.attendances.values_list("rsvp", flat=True)) == {"not_attending"}
