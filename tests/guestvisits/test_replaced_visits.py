"""A visit that was missed is replaced by another one: from then on, the later one counts."""

from datetime import datetime, timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import User
from guestvisits.models import GuestVisit
from guestvisits.pages.expected_people import read_rosters
from guestvisits.pages.my_meetings import read_my_meetings
from guestvisits.services.booking import book_visit, book_visit_for
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from meetings.selectors import expected_at
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(academy: Academy) -> User:
    return academy.add_member("Carol", "C")


@pytest.fixture
def home(academy: Academy) -> Meeting:
    """The last meeting of the week: groups A and B meet before group C."""
    return academy.meeting("C")


@pytest.fixture
def later(academy: Academy, carol: User, home: Meeting, now: datetime) -> datetime:
    """When Carol, who missed her visit to group A, has booked one to group B."""
    missed, other = academy.meeting("A"), academy.meeting("B")
    book_visit(carol.pk, home_meeting_id=home.pk, host_meeting_id=missed.pk, now=now)
    Attendance.objects.filter(meeting=missed, user=carol).update(not_seen=True)
    later = missed.ends_at + timedelta(hours=1)
    book_visit(carol.pk, home_meeting_id=home.pk, host_meeting_id=other.pk, now=later)
    return later


def test_the_page_of_the_guest_names_the_later_visit(academy, carol, home, later):
    entries = read_my_meetings(carol.pk, later).agenda.entries
    [entry] = [one for one in entries if one.mine.meeting == home]
    assert entry.visit is not None
    assert entry.visit.visit.host_meeting == academy.meeting("B")


def test_the_home_group_sees_where_the_person_is_going(academy, home, later):
    # A row that was written last comes last where no order is asked for.
    GuestVisit.objects.filter(host_meeting=academy.meeting("A")).update(overruled_why="")
    [line] = read_rosters([home])[home.pk]
    assert line.away_at == academy.meeting("B")


def test_an_answer_to_the_home_meeting_is_refused_because_of_the_later_visit(carol, home, later):
    with pytest.raises(Refusal, match="You're visiting Group B") as refusal:
        set_rsvp(home.pk, carol.pk, "attending", now=later)
    assert refusal.value.code == "away"


def test_a_guest_whom_staff_book_again_into_a_running_meeting_is_listed_once(academy, now):
    alice, sam = academy.add_member("Alice", "A"), academy.add_person("Sam")
    host = academy.meeting("B")
    pair = {"home_meeting_id": academy.meeting("A").pk, "host_meeting_id": host.pk}
    book_visit(alice.pk, **pair, now=now)
    book_visit_for(alice.pk, **pair, by=sam.pk, why="She asked.", now=host.starts_at)
    assert GuestVisit.objects.count() == 2
    assert [line.name for line in read_rosters([host])[host.pk]] == ["Alice"]


def test_who_missed_a_visit_can_still_come_to_the_own_meeting_of_that_week(
    academy, carol, home, now
):
    missed = academy.meeting("A")
    book_visit(carol.pk, home_meeting_id=home.pk, host_meeting_id=missed.pk, now=now)
    later = missed.ends_at + timedelta(hours=1)
    with pytest.raises(Refusal, match="You visited Group A"):  # so far it looks as if she had
        set_rsvp(home.pk, carol.pk, "attending", now=later)

    Attendance.objects.filter(meeting=missed, user=carol).update(not_seen=True)
    entries = read_my_meetings(carol.pk, later).agenda.entries
    [entry] = [one for one in entries if one.mine.meeting == home]
    assert entry.may_answer
    set_rsvp(home.pk, carol.pk, "attending", now=later)
    assert carol in expected_at([home])[home.pk], "she gets the reminders"
    [line] = read_rosters([home])[home.pk]
    assert line.is_expected
    [guest] = read_rosters([missed])[missed.pk]
    assert guest.is_guest
