"""Which meeting is a person's next one, and what is shown unfolded beside it."""

from datetime import datetime, timedelta

import pytest

from cohorts.models import AccessState
from guestvisits.pages.my_meetings import MyMeetings, read_my_meetings
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from guestvisits.substitutes.services import name_substitute, request_substitute
from meetings.models import Meeting
from meetings.rsvps import set_rsvp
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def book(academy, alice, now):
    def book(host: str = "B", week: int = 1) -> None:
        home, meeting = academy.meeting("A", week), academy.meeting(host, week)
        book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=now)

    return book


def names(page: MyMeetings, now: datetime) -> tuple[str, list[str], list[str], list[str]]:
    """The next meeting, the changes, the later meetings, and the other visits."""
    return (
        str(page.next.meeting) if page.next else "",
        [str(entry.mine.meeting) for entry in page.changed],
        [str(entry.mine.meeting) for entry in page.later],
        [str(row.mine.visit.host_meeting) for row in page.visits],
    )


def read(alice, now: datetime) -> tuple[str, list[str], list[str], list[str]]:
    return names(read_my_meetings(alice.pk, now), now)


def weeks(*numbers: int) -> list[str]:
    return [f"Group A, week {number}" for number in numbers]


def test_the_next_meeting_is_the_own_groups_next_one(alice, now):
    assert read(alice, now) == ("Group A, week 1", [], weeks(2, 3, 4), [])


def test_a_declined_meeting_stays_the_next_one_so_that_the_answer_can_be_changed(
    academy, alice, now
):
    set_rsvp(academy.meeting("A").pk, alice.pk, "not_attending", now=now)
    assert read(alice, now)[0] == "Group A, week 1"


def test_a_visit_is_the_next_meeting_in_place_of_the_own_groups(alice, book, now):
    book()
    assert read(alice, now) == ("Group B, week 1", [], weeks(1, 2, 3, 4), [])


def test_a_later_visit_is_among_the_rest(alice, book, now):
    book(week=2)
    assert read(alice, now) == ("Group A, week 1", [], weeks(2, 3, 4), ["Group B, week 2"])


def test_a_meeting_is_the_next_one_until_it_is_over(academy, alice, now):
    meeting = academy.meeting("A")
    page = read_my_meetings(alice.pk, meeting.starts_at - timedelta(minutes=1))
    assert page.next.meeting == meeting
    assert not page.next.is_running
    page = read_my_meetings(alice.pk, meeting.ends_at - timedelta(minutes=1))
    assert page.next.meeting == meeting
    assert page.next.is_running
    assert read(alice, meeting.ends_at)[0] == "Group A, week 2"


def test_a_cancelled_meeting_before_the_next_one_is_a_change(academy, alice, now):
    cancel_meeting(academy.meeting("A").pk, now=now)
    cancel_meeting(academy.meeting("A", 3).pk, now=now)
    assert read(alice, now) == ("Group A, week 2", weeks(1), weeks(3, 4), [])


def test_a_visit_that_ended_is_a_change_of_whatever_week(academy, alice, book, now):
    book(week=3)
    cancel_meeting(academy.meeting("B", 3).pk, now=now)
    update_all_visits(now)
    assert read(alice, now) == ("Group A, week 1", weeks(3), weeks(2, 4), [])


def test_without_a_next_meeting_everything_else_is_unfolded(academy, alice, now):
    for number in (1, 2, 3, 4):
        cancel_meeting(academy.meeting("A", number).pk, now=now)
    page = read_my_meetings(alice.pk, now)
    assert names(page, now) == ("", [], weeks(1, 2, 3, 4), [])
    assert page.shows_later


def test_a_list_is_open_where_a_person_returns_to_it(academy, alice, book, now):
    book(week=2)

    def opened(meeting: Meeting) -> tuple[bool, bool]:
        page = read_my_meetings(alice.pk, now, shown=meeting.pk)
        return page.shows_later, page.shows_visits

    assert opened(academy.meeting("A", 3)) == (True, False)
    assert opened(academy.meeting("B", 2)) == (False, True)
    assert opened(academy.meeting("A", 1)) == (False, False)


def test_a_substitute_goes_next_to_the_meeting_that_they_lead(academy, now):
    bob = academy.add_facilitator("Bob", "A")
    zoe = academy.add_facilitator("Zoe", "C", discord_id=200000000000000001)
    AccessState.objects.create(
        user=zoe, group=academy.groups["C"], provider="discord", state="granted"
    )
    made = request_substitute(academy.meeting("A").pk, bob.pk, now=now)
    name_substitute(made.pk, zoe.pk, by=bob.pk, now=now)
    page = read_my_meetings(zoe.pk, now)
    assert page.next.led.status.substitution == made
    assert page.substitutions == ()
    assert [entry.mine.meeting.number for entry in page.later] == [1, 2, 3, 4]
    assert [each.substitution for each in read_my_meetings(bob.pk, now).substitutions] == [made]
