"""Cancelling gives everything back, and nothing is deleted silently."""

from datetime import timedelta

import pytest

from cohorts.errors import Refusal
from guestvisits.breaks.visits import reopen_visits
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit, cancel_visit_for
from guestvisits.services.ending import end_visit
from guestvisits.windows import guest_windows
from meetings.models import Attendance
from meetings.rsvps import set_rsvp
from meetings.selectors import expected_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def book(academy, alice, now):
    def book(host: str = "B") -> GuestVisit:
        return book_visit(
            alice.pk,
            home_meeting_id=academy.meeting("A").pk,
            host_meeting_id=academy.meeting(host).pk,
            now=now,
        )

    return book


def answers(academy, user) -> dict[str, str]:
    """Group name to answer."""
    rows = Attendance.objects.filter(user=user).select_related("meeting__group")
    return {row.meeting.group.name: row.rsvp for row in rows}


def test_cancelling_ends_the_visit_and_gives_both_meetings_back(academy, alice, book, now):
    visit = book()
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    visit.refresh_from_db()
    assert (visit.ended_at, visit.end_reason, visit.ended_by) == (now, "cancelled", alice)
    assert answers(academy, alice) == {"Group A": "pending"}
    assert not any(window.holds(now) for window in guest_windows(None, now))


def test_after_cancelling_another_group_can_be_visited(alice, book, now):
    cancel_visit(alice.pk, host_meeting_id=book("B").host_meeting_id, now=now)
    assert book("C").is_open


def test_cancelled_and_booked_again_is_booked(academy, alice, book, now):
    cancel_visit(alice.pk, host_meeting_id=book("B").host_meeting_id, now=now)
    assert book("B").is_open
    assert answers(academy, alice) == {"Group A": "not_attending", "Group B": "attending"}


def test_cancelling_twice_is_refused_the_second_time(alice, book, now):
    visit = book()
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    with pytest.raises(Refusal, match="no such visit"):
        cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)


def test_another_persons_visit_cannot_be_cancelled(academy, book, now):
    visit, carol = book(), academy.add_member("Carol", "A")
    with pytest.raises(Refusal) as refusal:
        cancel_visit(carol.pk, host_meeting_id=visit.host_meeting_id, now=now)
    assert refusal.value.code == "no_visit"


def test_cancelling_is_refused_once_the_meeting_has_begun(academy, alice, book):
    visit = book()
    with pytest.raises(Refusal) as refusal:
        cancel_visit(
            alice.pk, host_meeting_id=visit.host_meeting_id, now=academy.meeting("B").starts_at
        )
    assert refusal.value.code == "meeting_begun"
    visit.refresh_from_db()
    assert visit.is_open


def test_an_answer_given_at_home_since_is_kept(academy, alice, book, now):
    visit = book()
    Attendance.objects.filter(meeting=academy.meeting("A")).update(rsvp="tentative")
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    assert answers(academy, alice) == {"Group A": "tentative"}


@pytest.mark.parametrize("before", ["not_attending", "tentative"])
def test_a_booking_replaces_an_earlier_rsvp_to_the_host_meeting(academy, alice, book, now, before):
    """Alice was a member of group B and declined its meeting; now she wants to go there."""
    then = now - timedelta(days=1)
    meeting = academy.meeting("B")
    row = Attendance.objects.create(
        meeting=meeting, user=alice, rsvp=before, rsvp_at=then, created_at=then
    )
    visit = book()
    row.refresh_from_db()
    assert (row.rsvp, row.rsvp_at, row.created_at) == ("attending", now, then)
    assert row.is_guest
    assert alice in expected_at([meeting])[meeting.pk], "she gets reminders"

    cancel_visit(alice.pk, host_meeting_id=meeting.pk, now=now)
    row.refresh_from_db()
    assert (row.rsvp, row.is_guest) == ("pending", False)
    assert not visit.was_made


def test_a_visit_that_is_on_again_after_a_break_was_undone_and_then_cancelled_leaves_no_rsvp(
    academy, alice, book, now
):
    Attendance.objects.create(
        meeting=academy.meeting("B"), user=alice, created_at=now - timedelta(days=1)
    )
    visit = book()
    end_visit(visit, GuestVisit.End.HOST_CANCELLED, now=now + timedelta(minutes=1))
    reopen_visits([visit.pk], now + timedelta(minutes=2))
    assert answers(academy, alice)["Group B"] == "attending"
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now + timedelta(minutes=3))
    assert answers(academy, alice) == {"Group A": "pending", "Group B": "pending"}


def test_an_rsvp_that_the_guest_gave_after_the_booking_outlasts_the_visit(
    academy, alice, book, now
):
    then = now - timedelta(days=1)
    row = Attendance.objects.create(
        meeting=academy.meeting("B"), user=alice, rsvp="attending", rsvp_at=then, created_at=then
    )
    book()
    set_rsvp(row.meeting_id, alice.pk, "not_attending", now=now + timedelta(minutes=1))
    cancel_visit(alice.pk, host_meeting_id=row.meeting_id, now=now + timedelta(minutes=2))
    row.refresh_from_db()
    assert (row.rsvp, row.is_guest) == ("not_attending", False)


def test_a_check_in_is_never_removed(academy, alice, book, now):
    visit = book()
    Attendance.objects.filter(meeting=academy.meeting("B")).update(checked_in_at=now)
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    assert Attendance.objects.get(meeting=academy.meeting("B")).checked_in_at == now


def test_staff_cancel_for_someone_and_it_says_so(academy, alice, book, now):
    sam, visit = academy.add_person("Sam"), book()
    cancel_visit_for(visit.pk, by=sam.pk, now=now)
    visit.refresh_from_db()
    assert (visit.end_reason, visit.ended_by, visit.ended_why) == ("cancelled_by_staff", sam, "")
    assert answers(academy, alice) == {"Group A": "pending"}


def test_staff_need_a_reason_once_the_meeting_has_begun(academy, alice, book):
    sam, visit = academy.add_person("Sam"), book()
    later = academy.meeting("B").starts_at + timedelta(hours=2)
    with pytest.raises(Refusal) as refusal:
        cancel_visit_for(visit.pk, by=sam.pk, why=" ", now=later)
    assert refusal.value.code == "meeting_begun"
    cancel_visit_for(visit.pk, by=sam.pk, why="Never came", now=later)
    visit.refresh_from_db()
    assert (visit.ended_by, visit.ended_why) == (sam, "Never came")
    [window] = guest_windows(None, later)
    assert window.ends_at == later
    # What was planned for a meeting that was held is history.
    assert answers(academy, alice) == {"Group A": "not_attending", "Group B": "attending"}
