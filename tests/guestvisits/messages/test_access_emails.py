"""The guest is notified when access begins and ends, and never twice of the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Cohort, User
from cohorts.outbox.registry import message_sources
from guestvisits.models import GuestVisit
from guestvisits.services.cancelling import cancel_visit
from guestvisits.services.updating import update_all_visits
from tests.support.moves import move_meeting

pytestmark = pytest.mark.django_db

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _access_alone(registered) -> None:
    registered.only(message_sources, "guest access")


def begins(academy, number):
    return academy.meeting("B", number).starts_at - 6 * DAY


def ends(academy, number=1):
    return academy.meeting("B", number).starts_at + 3 * DAY


def test_access_that_begins_later_is_announced_when_it_begins(academy, book, new_kinds, read, now):
    User.objects.filter(name="Ada").update(timezone="Asia/Tokyo")
    book(number=2)
    assert new_kinds(now) == []
    assert new_kinds(begins(academy, 2) - MINUTE) == []
    assert new_kinds(begins(academy, 2)) == ["access_begun"]
    words = read("access_begun", begins(academy, 2))
    assert words.subject == "You have access to Group B"
    assert words.text.count("(Asia/Tokyo)") == 2  # the meeting, and the end
    assert new_kinds(begins(academy, 2) + MINUTE) == []


def test_access_that_came_with_the_booking_is_announced_by_its_email_alone(
    academy, book, new_kinds, now
):
    book(number=1)
    assert new_kinds(now) == []


def test_the_end_by_date_is_announced_once(academy, book, new_kinds, read, now):
    book()
    end = ends(academy)
    assert new_kinds(end - MINUTE) == []
    assert new_kinds(end) == ["access_ended"]
    update_all_visits(end + MINUTE)
    assert GuestVisit.objects.get().end_reason == GuestVisit.End.OVER
    assert new_kinds(end + MINUTE) == []
    assert "has ended. You don't need to do anything." in read("access_ended", end + MINUTE).text


def test_a_visit_that_ends_early_has_no_second_email(academy, book, new_kinds, now):
    visit = book()
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=now + MINUTE)
    assert new_kinds(now + 2 * MINUTE) == []
    assert new_kinds(ends(academy)) == []


def test_what_was_announced_for_the_old_time_is_no_longer_true(academy, book, new_kinds, now):
    visit = book(number=2)
    moment = begins(academy, 2)
    assert new_kinds(moment) == ["access_begun"]
    later = visit.host_meeting.starts_at + 2 * DAY
    move_meeting(visit.host_meeting_id, starts_at=later, now=moment)
    update_all_visits(moment)
    assert new_kinds(moment) == []


def test_two_visits_to_one_group_are_one_access_that_begins_and_ends_once(academy, book, new_kinds):
    book(number=2)
    book(number=3)
    assert new_kinds(begins(academy, 2)) == ["access_begun"]
    assert new_kinds(begins(academy, 3)) == [], "they have had access since the first"
    assert new_kinds(ends(academy, 2)) == [], "the second gives access"
    update_all_visits(ends(academy, 2) + MINUTE)
    assert new_kinds(ends(academy, 3)) == ["access_ended"]


def test_access_that_went_on_is_not_announced_once_the_first_visit_is_long_over(
    academy, book, new_kinds
):
    Cohort.objects.update(guest_days_before=12)
    book(number=2)
    book(number=4)
    assert new_kinds(ends(academy, 2)) == []
    update_all_visits(ends(academy, 2) + MINUTE)
    for days in (7, 8, 9):
        assert new_kinds(ends(academy, 2) + days * DAY) == []


def test_a_visit_that_was_cancelled_before_its_access_began_hides_no_other_access(
    academy, book, new_kinds, now
):
    first = book(number=2)
    book(number=3)
    cancel_visit(first.user_id, host_meeting_id=first.host_meeting_id, now=now + MINUTE)
    assert new_kinds(begins(academy, 2)) == []
    assert new_kinds(begins(academy, 3)) == ["access_begun"]
    assert new_kinds(ends(academy, 3)) == ["access_ended"]
