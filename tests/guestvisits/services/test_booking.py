"""Booking: what is written, what is refused, and what is left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.errors import Refusal
from cohorts.models import Membership
from cohorts.services.memberships import end_membership
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit, book_visit_for
from guestvisits.windows import window_of
from meetings.models import Attendance
from tests.support.academy import Academy
from tests.support.function_calls import count_calls, count_statements
from tests.support.listening import listening
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

BOOKING_QUERIES = 12
# Of functions, most of them to build the queries: 18,800 with Python 3.11. The rest is room for
# other versions of Python and Django, which call more or fewer.
BOOKING_CALLS = 30_000


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def book(academy, alice, now):
    def book(host="B", *, user=alice, home="A", week=1, at=now, host_week=None) -> GuestVisit:
        return book_visit(
            user.pk,
            home_meeting_id=academy.meeting(home, week).pk,
            host_meeting_id=academy.meeting(host, host_week or week).pk,
            now=at,
        )

    return book


def refused(call, *args, **kwargs) -> str:
    """The name of the refusal; a refused booking changes nothing."""
    before = list(GuestVisit.objects.values()), list(Attendance.objects.values())
    with pytest.raises(Refusal) as refusal:
        call(*args, **kwargs)
    assert (list(GuestVisit.objects.values()), list(Attendance.objects.values())) == before
    return refusal.value.code


def test_a_booking_writes_the_visit_and_both_attendances(academy, alice, book, now):
    visit = book()
    assert visit.is_open
    assert (visit.booked_by, visit.booked_at) == (alice, now)
    assert visit.chosen_start == academy.meeting("B").starts_at
    at_host = Attendance.objects.get(meeting=academy.meeting("B"), user=alice)
    assert (at_host.rsvp, at_host.rsvp_at, at_host.is_guest) == ("attending", now, True)
    at_home = Attendance.objects.get(meeting=academy.meeting("A"), user=alice)
    assert (at_home.rsvp, at_home.rsvp_at, at_home.is_guest) == ("not_attending", now, False)


def test_a_booking_announces_both_groups(academy, book):
    with listening() as heard:
        book()
    assert set().union(*heard) == {academy.groups["A"].pk, academy.groups["B"].pk}


def test_an_answer_at_home_becomes_not_attending(academy, alice, book):
    Attendance.objects.create(meeting=academy.meeting("A"), user=alice, rsvp="attending")
    book()
    assert Attendance.objects.get(meeting=academy.meeting("A"), user=alice).rsvp == "not_attending"


def test_a_missed_meeting_can_be_made_up_for_later_in_the_week(academy, book):
    after_home = academy.meeting("A").starts_at + timedelta(hours=2)
    assert book("B", at=after_home).is_open


def test_the_own_group_is_refused(book):
    assert refused(book, "A") == "own_group"


def test_another_week_is_refused(book):
    assert refused(book, "B", host_week=2) == "another_week"


def test_another_cohort_is_refused(academy, alice, book, now):
    other = Academy(now, name="Winter")
    Membership.objects.create(user=alice, group=other.groups["C"])
    assert (
        refused(
            book_visit,
            alice.pk,
            home_meeting_id=academy.meeting("A").pk,
            host_meeting_id=other.meeting("B").pk,
            now=now,
        )
        == "another_cohort"
    )


def test_a_cohort_to_which_one_never_belonged_is_as_if_it_did_not_exist(academy, alice, now):
    other = Academy(now, name="Winter")
    for home, host in [
        (academy.meeting("A").pk, other.meeting("B").pk),
        (academy.meeting("A").pk, 10**9),
        (other.meeting("A").pk, other.meeting("B").pk),
        (academy.meeting("B").pk, academy.meeting("C").pk),  # a group of others
        (10**9, academy.meeting("B").pk),
    ]:
        name = refused(book_visit, alice.pk, home_meeting_id=home, host_meeting_id=host, now=now)
        assert name == "no_meeting"


def test_a_person_who_dropped_out_is_refused(alice, book, now):
    end_membership(alice.memberships.get().pk, status="dropped", now=now)
    assert refused(book) == "not_active_participant"


def test_a_closed_account_is_refused(academy, alice, book, now):
    """It was closed while the page was open; and staff cannot overrule it."""
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert refused(book) == "account_closed"
    home, host = academy.meeting("A").pk, academy.meeting("B").pk
    staff = academy.add_person("Sam").pk
    why = {"home_meeting_id": home, "host_meeting_id": host, "why": "asked by phone"}
    assert refused(book_visit_for, alice.pk, by=staff, now=now, **why) == "account_closed"


def test_a_facilitator_cannot_leave_the_group_without_a_host(academy, book):
    bob = academy.add_facilitator("Bob", "A")
    assert refused(book, user=bob) == "facilitator_of_home"


def test_a_facilitator_elsewhere_who_takes_part_here_may_visit(academy, alice, book):
    Membership.objects.create(user=alice, group=academy.groups["C"], role="facilitator")
    assert refused(book, "C") == "already_member"
    assert book("B").is_open


def test_one_who_attended_at_home_is_refused(academy, alice, book, now):
    Attendance.objects.create(meeting=academy.meeting("A"), user=alice, checked_in_at=now)
    assert refused(book) == "checked_in_at_home"


def test_a_persons_correction_of_attendance_at_home_outranks_detection(academy, alice, book, now):
    meeting = academy.meeting("A")
    row = Attendance.objects.create(meeting=meeting, user=alice, checked_in_at=now)
    said = Attendance.objects.filter(pk=row.pk)
    said.update(correction="present", corrected_at=meeting.ends_at, checked_in_at=None)
    assert refused(book) == "checked_in_at_home"
    said.update(correction="absent", checked_in_at=now)
    assert book().is_open


def test_another_persons_check_in_at_home_does_not_matter(academy, book, now):
    carol = academy.add_member("Carol", "A")
    Attendance.objects.create(meeting=academy.meeting("A"), user=carol, checked_in_at=now)
    assert book().is_open


def test_a_second_visit_in_one_week_is_refused(book):
    book("B")
    assert refused(book, "C") == "already_visiting"
    assert refused(book, "B") == "already_visiting"
    assert book("C", week=2).is_open


def test_a_week_that_was_visited_stays_used_once_the_visit_is_over(book, now):
    visit = book("B")
    GuestVisit.objects.filter(pk=visit.pk).update(ended_at=now, end_reason="over")
    assert refused(book, "C") == "already_visiting"


@pytest.fixture
def missed(academy, alice, book):
    """Alice's visit to group B, the day after, and what was found of her there."""
    visit = book("B")
    later = academy.meeting("B").starts_at + timedelta(hours=3)
    row = Attendance.objects.filter(meeting=visit.host_meeting, user=alice)

    def find(**found) -> tuple[GuestVisit, datetime]:
        row.update(**found)
        return visit, later

    return find


def test_c7_a_visit_that_was_missed_is_replaced_by_another_of_the_same_week(book, missed):
    visit, later = missed(not_seen=True)
    again = book("C", at=later)
    assert again.is_open
    visit.refresh_from_db()
    assert visit.end_reason == "over"
    assert window_of(visit).ends_at == later, "or access would last although nothing can end it"


@pytest.mark.parametrize(
    "found", [{}, {"checked_in_at": datetime(2026, 1, 1, tzinfo=UTC)}], ids=["unknown", "present"]
)
def test_c7_a_visit_that_was_not_missed_uses_up_the_week(book, missed, found):
    _, later = missed(**found)
    with pytest.raises(Refusal, match="has begun or is over") as refusal:
        book("C", at=later)
    assert refusal.value.code == "already_visiting"


@pytest.mark.parametrize("hours", [0, 80])
def test_c7_staff_replace_any_visit_with_a_reason(academy, alice, book, now, hours):
    first = book("B")
    staff = academy.add_person("Staff")
    pair = {
        "home_meeting_id": academy.meeting("A").pk,
        "host_meeting_id": academy.meeting("C").pk,
        "by": staff.pk,
        "now": academy.meeting("B").starts_at + timedelta(hours=2) if hours else now,
    }
    assert refused(book_visit_for, alice.pk, **pair) == "already_visiting"
    second = book_visit_for(alice.pk, **pair, why="She was ill.")
    first.refresh_from_db()
    assert (first.end_reason, first.ended_by) == ("over" if hours else "cancelled_by_staff", staff)
    assert (second.is_open, second.overruled) == (True, "already_visiting")
    at_home = Attendance.objects.get(meeting=academy.meeting("A"), user=alice)
    assert at_home.rsvp == "not_attending"


def test_yesterdays_meeting_of_a_cancelled_group_is_refused(academy, book):
    # Such a visit was accepted by the system that came before.
    group = academy.groups["B"]
    group.status = "cancelled"
    group.save()
    tomorrow = academy.meeting("B").starts_at + timedelta(days=1)
    assert refused(book, "B", at=tomorrow) == "group_not_active"


def test_yesterdays_meeting_of_an_active_group_is_refused(academy, book):
    assert refused(book, at=academy.meeting("B").starts_at + timedelta(days=1)) == "meeting_over"


def test_a_meeting_that_runs_is_refused(academy, book):
    assert refused(book, at=academy.meeting("B").starts_at) == "meeting_begun"


def test_a_cancelled_meeting_is_refused(academy, book, now):
    cancel_meeting(academy.meeting("B").pk, now=now)
    assert refused(book) == "meeting_cancelled"


@pytest.mark.parametrize("status", ["preview", "completed", "merged", "cancelled"])
def test_a_group_that_is_not_set_up_or_has_ended_neither_hosts_nor_sends(academy, book, status):
    for name in "BA":
        group = academy.groups[name]
        set_up_at = group.set_up_at
        group.status, group.set_up_at = status, None if status == "preview" else set_up_at
        group.save()
        assert refused(book) == "group_not_active"
        group.status, group.set_up_at = "active", set_up_at
        group.save()


def limit(academy: Academy, **limits: int) -> None:
    for name, value in limits.items():
        setattr(academy.cohort, name, value)
    academy.cohort.save()


def test_without_settings_nothing_is_limited(academy, book):
    guests = [academy.add_member(f"Guest {number}", "A") for number in range(12)]
    last_moment = academy.meeting("B").starts_at - timedelta(seconds=1)
    assert all(book(user=guest, at=last_moment).is_open for guest in guests)


def test_a_full_meeting_is_refused_until_a_seat_is_free(academy, book, now):
    limit(academy, guest_seats=1)
    first = book(user=academy.add_member("Carol", "C"), home="C")
    assert refused(book) == "host_full"
    GuestVisit.objects.filter(pk=first.pk).update(ended_at=now, end_reason="cancelled")
    assert book().is_open


def test_booking_closes_at_its_cutoff(academy, book):
    limit(academy, booking_cutoff_hours=24)
    closing = academy.meeting("B").starts_at - timedelta(hours=24)
    assert refused(book, at=closing) == "too_late"
    assert book(at=closing - timedelta(seconds=1)).is_open


def test_visits_are_counted_over_the_cohort(academy, book, now):
    limit(academy, visits_per_person=2)
    cancelled = book(week=1)
    GuestVisit.objects.filter(pk=cancelled.pk).update(ended_at=now, end_reason="host_moved")
    book(week=2)
    GuestVisit.objects.filter(pk=book(week=3).pk).update(ended_at=now, end_reason="over")
    assert refused(book, week=4) == "too_many_visits"


# -- by staff ------------------------------------------------------------------------------------


@pytest.fixture
def staff(academy):
    return academy.add_person("Sam", is_staff=True)


@pytest.fixture
def book_for(academy, alice, staff, now):
    def book_for(host="B", *, why="", at=now) -> GuestVisit:
        return book_visit_for(
            alice.pk,
            home_meeting_id=academy.meeting("A").pk,
            host_meeting_id=academy.meeting(host).pk,
            by=staff.pk,
            why=why,
            now=at,
        )

    return book_for


def test_staff_book_for_someone(book_for, alice, staff):
    visit = book_for(why="never needed")
    assert (visit.user, visit.booked_by) == (alice, staff)
    assert (visit.overruled, visit.overruled_why) == ("", "")


def test_staff_overrule_a_rule_and_it_is_written_down_with_who_and_why(academy, book_for, staff):
    limit(academy, guest_seats=0, booking_cutoff_hours=24 * 30)
    assert refused(book_for) == "host_full"
    assert refused(book_for, why="  ") == "host_full"
    visit = GuestVisit.objects.get(pk=book_for(why=" Travels with the choir ").pk)
    assert visit.overruled == "host_full, too_late"
    assert visit.overruled_why == "Travels with the choir"
    assert visit.booked_by == staff


def test_staff_cannot_overrule_what_would_make_no_sense(academy, book_for, now):
    limit(academy, guest_seats=0)
    assert refused(book_for, "A", why="please") == "own_group"
    cancel_meeting(academy.meeting("B").pk, now=now)
    assert refused(book_for, "B", why="please") == "meeting_cancelled"
    over = academy.meeting("C").ends_at
    assert refused(book_for, "C", why="please", at=over) == "meeting_over"


def test_staff_replace_a_visit_to_the_same_meeting_in_place_of_another_groups(
    academy, alice, book, staff, now
):
    """She takes part in group A and leads group C."""
    first = book("B")
    Membership.objects.create(
        user=alice, group=academy.groups["C"], role=Membership.Role.FACILITATOR
    )
    pair = {"home_meeting_id": academy.meeting("C").pk, "host_meeting_id": first.host_meeting_id}
    second = book_visit_for(alice.pk, **pair, by=staff.pk, why="Group A waits for her.", now=now)
    first.refresh_from_db()
    assert (first.end_reason, second.is_open) == ("cancelled_by_staff", True)
    at_host = Attendance.objects.get(meeting=first.host_meeting_id, user=alice)
    assert (at_host.is_guest, at_host.rsvp) == (True, "attending")


def test_staff_may_let_someone_into_a_meeting_that_runs(academy, book_for):
    visit = book_for(why="Came by", at=academy.meeting("B").starts_at)
    assert visit.overruled == "meeting_begun"


def test_a_booking_costs_the_same_in_3_groups_and_in_60(now, settings):
    settings.SANDBOX = False  # a clock that can be moved is asked for now and then

    def count(groups: int) -> tuple[int, int]:
        names = [f"{number:02}" for number in range(groups)]
        academy = Academy(now, groups=names, name=f"{groups} groups")
        guest = academy.add_member(f"Guest of {groups}", "00")
        home, host = academy.meeting("00"), academy.meeting("01")

        def book() -> None:
            book_visit(guest.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)

        with CaptureQueriesContext(connection) as queries:
            calls = count_calls(book)
        return count_statements(queries), calls

    (few, _), (many, calls) = count(3), count(60)
    assert few == many <= BOOKING_QUERIES
    assert calls <= BOOKING_CALLS
