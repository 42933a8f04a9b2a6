"""What people answer here, by any entry."""

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import Group, Membership, User
from cohorts.services.memberships import end_membership
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def academy() -> Academy:
    return Academy(NOW)


@pytest.fixture
def alice(academy: Academy) -> User:
    return academy.add_member("Alice", "A")


@pytest.fixture
def meeting(academy: Academy) -> Meeting:
    return academy.meeting("A")


def refusal_of(meeting: Meeting, user: User, rsvp: str = "attending", now: datetime = NOW) -> str:
    with pytest.raises(Refusal) as refused:
        set_rsvp(meeting.pk, user.pk, rsvp, now=now)
    assert refused.value.sentence.endswith(".")
    return refused.value.code


@pytest.mark.parametrize("rsvp", ["attending", "tentative", "not_attending"])
def test_an_answer_is_kept_with_its_moment(alice, meeting, rsvp):
    given = set_rsvp(meeting.pk, alice.pk, rsvp, now=NOW)
    assert given == Attendance.objects.get()
    assert (given.rsvp, given.rsvp_at, given.is_guest) == (rsvp, NOW, False)


def test_the_last_answer_counts(alice, meeting):
    later = NOW + timedelta(hours=1)
    set_rsvp(meeting.pk, alice.pk, "attending", now=NOW)
    given = set_rsvp(meeting.pk, alice.pk, "not_attending", now=later)
    assert (Attendance.objects.count(), given.rsvp, given.rsvp_at) == (1, "not_attending", later)


def test_nothing_else_that_is_known_of_the_attendance_changes(alice, meeting):
    Attendance.objects.create(meeting=meeting, user=alice, checked_in_at=NOW)
    assert set_rsvp(meeting.pk, alice.pk, "attending", now=NOW).checked_in_at == NOW


def test_facilitators_answer_too(academy, meeting):
    fay = academy.add_facilitator("Fay", "A")
    assert set_rsvp(meeting.pk, fay.pk, "tentative", now=NOW).rsvp == "tentative"


@pytest.mark.parametrize("word", ["pending", "accepted", "ATTENDING", "", "yes"])
def test_a_value_that_is_no_answer_is_refused(alice, meeting, word):
    assert refusal_of(meeting, alice, word) == "unknown_answer"
    assert not Attendance.objects.exists()


def test_a_meeting_of_another_group_does_not_exist_for_a_person(academy, alice):
    assert refusal_of(academy.meeting("B"), alice) == "no_meeting"
    with pytest.raises(Refusal, match="no such meeting"):
        set_rsvp(10**9, alice.pk, "attending", now=NOW)


def test_who_has_left_the_group_answers_no_more(alice, meeting):
    membership = Membership.objects.get(user=alice)
    end_membership(membership.pk, status=Membership.Status.DROPPED, now=NOW)
    assert refusal_of(meeting, alice) == "no_meeting"


def test_a_meeting_that_has_begun_is_over_or_cancelled_takes_no_answer(alice, meeting):
    assert refusal_of(meeting, alice, now=meeting.starts_at) == "meeting_begun"
    assert refusal_of(meeting, alice, now=meeting.ends_at) == "meeting_over"
    Meeting.objects.filter(pk=meeting.pk).update(status="cancelled")
    assert refusal_of(meeting, alice) == "meeting_cancelled"


@pytest.mark.parametrize("change", [{"set_up_at": None}, {"status": "completed"}])
def test_a_group_that_is_not_set_up_or_has_ended_takes_no_answer(alice, meeting, change):
    Group.objects.filter(pk=meeting.group_id).update(**change)
    assert refusal_of(meeting, alice) == "group_not_active"
