"""When things change: each change of facts, by the door that people use, and what becomes of it."""

from datetime import timedelta

import pytest
from django.db import connection

from cohorts.models import Cohort, Group, Membership
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member, end_membership, move_member
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from guestvisits.windows import guest_windows
from meetings.models import Attendance, Meeting
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.refused_rows import forbid_writing

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def visit(academy, alice, now):
    return book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What is done within is a transaction of its own, and followed by what follows a commit."""

    def committed():
        connection.run_on_commit.clear()  # of what the test did before
        return django_capture_on_commit_callbacks(execute=True)

    return committed


def answers(user) -> dict[str, str]:
    rows = Attendance.objects.filter(user=user).select_related("meeting__group")
    return {row.meeting.group.name: row.rsvp for row in rows}


def ended(visit: GuestVisit) -> str:
    visit.refresh_from_db()
    return visit.end_reason


def test_one_visit_that_cannot_be_closed_does_not_keep_the_others_open(academy, alice, visit, now):
    bob = academy.add_member("Bob", "A")
    other = book_visit(
        bob.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("C").pk,
        now=now,
    )
    Group.objects.update(status=Group.Status.COMPLETED, ended_at=now)
    with forbid_writing("guestvisits_guestvisit", visit.pk):
        assert update_all_visits(now) == 1
    assert (ended(visit), ended(other)) == ("", "host_group_ended")
    assert update_all_visits(now) == 1


def test_a_moved_host_meeting_ends_the_visit(academy, alice, visit, committed, now):
    meeting = academy.meeting("B")
    with committed():
        move_meeting(meeting.pk, starts_at=meeting.starts_at + timedelta(hours=1), now=now)
    assert ended(visit) == "host_moved"
    assert answers(alice) == {"Group A": "pending"}


def test_the_moved_meeting_itself_can_be_chosen_again(academy, alice, visit, committed, now):
    meeting = academy.meeting("B")
    with committed():
        move_meeting(meeting.pk, starts_at=meeting.starts_at + timedelta(hours=1), now=now)
    again = book_visit(
        alice.pk,
        home_meeting_id=visit.home_meeting_id,
        host_meeting_id=visit.host_meeting_id,
        now=now,
    )
    assert update_all_visits(now) == 0
    assert ended(again) == ""


def test_a_meeting_moved_by_plain_sql_is_found_by_the_sweep(visit, now):
    Meeting.objects.filter(pk=visit.host_meeting_id).update(
        starts_at=visit.chosen_start + timedelta(days=1)
    )
    assert update_all_visits(now) == 1
    assert ended(visit) == "host_moved"


def test_a_cancelled_host_meeting_ends_the_visit(academy, alice, visit, committed, now):
    with committed():
        cancel_meeting(academy.meeting("B").pk, now=now)
    assert ended(visit) == "host_cancelled"
    assert answers(alice) == {"Group A": "pending"}


@pytest.mark.parametrize("status", ["completed", "merged", "cancelled"])
def test_the_end_of_the_host_group_ends_the_visit(academy, alice, visit, committed, now, status):
    with committed():
        end_group(academy.groups["B"].pk, status=status, now=now)
    assert ended(visit) == "host_group_ended"
    assert answers(alice) == {"Group A": "pending"}


@pytest.mark.parametrize("status", ["dropped", "removed"])
def test_a_guest_who_leaves_the_home_group_loses_the_visit(alice, visit, committed, now, status):
    with committed():
        end_membership(alice.memberships.get().pk, status=status, now=now)
    assert ended(visit) == "left"
    assert answers(alice) == {"Group A": "not_attending"}
    assert not any(window.holds(now + timedelta(minutes=5)) for window in guest_windows(None, now))


def test_a_guest_who_completed_the_home_group_keeps_the_visit(
    academy, alice, visit, committed, now
):
    with committed():
        end_group(academy.groups["A"].pk, status="completed", now=now)
    assert ended(visit) == ""


def test_a_guest_who_changes_groups_keeps_the_visit_in_place_of_the_new_meeting(
    academy, alice, visit, committed, now
):
    with committed():
        move_member(alice.memberships.get().pk, academy.groups["C"].pk, now=now)
    assert ended(visit) == ""
    assert visit.home_meeting == academy.meeting("C")
    assert answers(alice)["Group C"] == "not_attending"


def test_a_change_of_groups_made_row_by_row_in_one_transaction_keeps_the_visit(
    academy, alice, visit, committed
):
    with committed():
        alice.memberships.get().delete()
        Membership.objects.create(user=alice, group=academy.groups["C"])
    assert ended(visit) == ""
    assert visit.home_meeting == academy.meeting("C")


def test_a_new_group_without_that_meeting_ties_the_visit_once_it_has_one(
    academy, alice, visit, committed, now
):
    group = academy.groups["C"]
    Group.objects.filter(pk=group.pk).update(weekday=None, start_time=None)
    Meeting.objects.filter(group=group).delete()
    with committed():
        move_member(alice.memberships.get().pk, group.pk, now=now)
    assert ended(visit) == ""
    assert visit.home_meeting == academy.meeting("A")
    with committed():
        Meeting.objects.create(
            group=group, number=1, starts_at=now + timedelta(days=5), duration_minutes=60
        )
    assert ended(visit) == ""
    assert visit.home_meeting.group == group


def test_a_guest_who_moves_to_the_host_group_becomes_a_member(
    academy, alice, visit, committed, now
):
    with committed():
        move_member(alice.memberships.get().pk, academy.groups["B"].pk, now=now)
    assert ended(visit) == "became_member"
    at_host = Attendance.objects.get(meeting=academy.meeting("B"), user=alice)
    assert (at_host.rsvp, at_host.is_guest) == ("attending", False)


def test_a_guest_who_comes_to_facilitate_the_host_group_becomes_a_member(
    academy, alice, visit, committed, now
):
    with committed():
        add_member(academy.groups["B"].pk, alice.pk, role="facilitator", now=now)
    assert ended(visit) == "became_member"


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_the_end_of_the_cohort_ends_the_visit(academy, visit, committed, status):
    academy.cohort.status = status
    with committed():
        academy.cohort.save()
    assert ended(visit) == "cohort_ended"


def test_a_closed_account_ends_its_visits(alice, visit, committed):
    alice.is_active = False
    with committed():
        alice.save()
    assert ended(visit) == "deactivated"


def test_a_change_that_no_one_announced_is_found_by_the_sweep(academy, visit, now):
    Cohort.objects.update(status="cancelled")
    assert update_all_visits(now) == 1
    assert ended(visit) == "cohort_ended"


def test_changes_at_home_keep_the_visit(academy, visit, committed, now):
    home = academy.meeting("A")
    with committed():
        move_meeting(home.pk, starts_at=home.starts_at + timedelta(hours=1), now=now)
    with committed():
        cancel_meeting(home.pk, now=now)
    assert ended(visit) == ""


def test_an_answer_from_the_calendar_keeps_the_visit(academy, alice, visit, committed, now):
    # In the system that came before, a pulled answer made the visit vanish and booking impossible.
    with committed():
        for rsvp in ("pending", "not_attending"):
            for attendance in Attendance.objects.filter(user=alice):
                attendance.rsvp = rsvp
                attendance.save()
    assert update_all_visits(now) == 0
    assert ended(visit) == ""
    assert any(window.holds(now) for window in guest_windows(None, now))


def test_a_visit_is_closed_as_over_when_its_window_is_and_not_before(academy, alice, visit):
    end = academy.meeting("B").starts_at + timedelta(days=3)
    assert update_all_visits(end - timedelta(seconds=1)) == 0
    assert update_all_visits(end) == 1
    assert ended(visit) == "over"
    assert answers(alice) == {"Group A": "not_attending", "Group B": "attending"}
    assert update_all_visits(end) == 0


def test_after_a_weekend_down_sixty_visits_are_closed_at_once(academy, visit, now):
    home, host = academy.meeting("A"), academy.meeting("B")
    for number in range(59):
        GuestVisit.objects.create(
            user=academy.add_member(f"Guest {number}", "A"), home_meeting=home, host_meeting=host
        )
    end = host.starts_at + timedelta(days=5)
    assert update_all_visits(end) == 60
    assert set(GuestVisit.objects.values_list("end_reason", flat=True)) == {"over"}


def test_a_person_who_drops_out_after_the_visit_keeps_the_history(academy, alice, visit, now):
    held = academy.meeting("B").ends_at
    Attendance.objects.filter(meeting=academy.meeting("B")).update(checked_in_at=held)
    end_membership(alice.memberships.get().pk, status="dropped", now=held)
    update_all_visits(held)
    assert ended(visit) == "left"
    assert Attendance.objects.get(meeting=academy.meeting("B"), user=alice).is_guest
    assert not any(window.holds(held) for window in guest_windows(None, held))


@pytest.mark.parametrize("change", ["moved", "cancelled"])
def test_a_guest_who_was_early_for_a_meeting_that_is_then_another_is_its_guest_no_more(
    academy, visit, now, change
):
    # Else the guest would be reminded of the meeting's new time.
    meeting = academy.meeting("B")
    Attendance.objects.filter(meeting=meeting).update(checked_in_at=now)
    fields = {"starts_at": meeting.ends_at} if change == "moved" else {"status": "cancelled"}
    Meeting.objects.filter(pk=meeting.pk).update(**fields)
    update_all_visits(now)
    assert ended(visit) == f"host_{change}"
    assert not Attendance.objects.filter(meeting=meeting).exists()


def test_without_changes_any_number_of_visits_costs_two_queries(
    academy, visit, now, django_assert_num_queries
):
    for number in range(20):
        GuestVisit.objects.create(
            user=academy.add_member(f"Guest {number}", "A"),
            home_meeting=academy.meeting("A"),
            host_meeting=academy.meeting("C"),
        )
    with django_assert_num_queries(2):
        assert update_all_visits(now) == 0


def test_a_group_that_was_deleted_is_no_trouble(academy, visit, committed):
    with committed():
        Group.objects.create(cohort=academy.cohort, name="A mistake").delete()
    assert ended(visit) == ""
