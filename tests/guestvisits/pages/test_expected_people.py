"""Guests are named as guests where people need to know who comes, and counted nowhere."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.models import Group
from cohorts.selectors import members_of
from guestvisits.models import GuestVisit
from guestvisits.pages.expected_people import read_rosters
from guestvisits.pages.group_page import read_meeting_row
from guestvisits.services.booking import book_visit
from meetings.attendance.ledger import count_attendance
from meetings.attendance.marks import AttendanceCount
from meetings.attendance.statistics import read_attendance_stats
from meetings.models import Attendance, Meeting
from meetings.selectors import (
    groups_facilitated,
    upcoming_meetings,
)
from tests.support.academy import Academy

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


def lines(meeting: Meeting) -> list[tuple[str, str, str]]:
    return [(line.name, line.role, line.rsvp) for line in read_rosters([meeting])[meeting.pk]]


def test_the_host_sees_the_guest_as_a_guest_and_where_from(academy, visit):
    academy.add_facilitator("Bob", "B")
    academy.add_member("Carol", "B")
    meeting = academy.meeting("B")
    assert lines(meeting) == [
        ("Bob", "facilitator", "pending"),
        ("Carol", "participant", "pending"),
        ("Alice", "guest", "attending"),
    ]
    guest = read_rosters([meeting])[meeting.pk][-1]
    assert guest.home == "Group A"
    assert guest.is_guest


def test_the_home_group_sees_who_is_away_and_where(academy, visit):
    meeting = academy.meeting("A")
    [line] = read_rosters([meeting])[meeting.pk]
    assert (line.name, line.role) == ("Alice", "participant")
    assert line.away_at == academy.meeting("B")


def test_other_weeks_know_nothing_of_the_visit(academy, visit):
    assert lines(academy.meeting("B", 2)) == []
    assert lines(academy.meeting("A", 2)) == [("Alice", "participant", "pending")]


def test_a_visit_that_ended_early_leaves_no_guest(academy, visit, now):
    GuestVisit.objects.update(ended_at=now, end_reason="host_moved")
    Attendance.objects.filter(is_guest=True).delete()
    assert lines(academy.meeting("B")) == []
    assert read_rosters([academy.meeting("A")])[academy.meeting("A").pk][0].away_at is None


def test_a_visit_that_is_over_stays_in_the_history(academy, visit, now):
    GuestVisit.objects.update(ended_at=now, end_reason="over")
    Attendance.objects.filter(is_guest=True).update(checked_in_at=now)
    [line] = read_rosters([academy.meeting("B")])[academy.meeting("B").pk]
    assert (line.role, line.was_there) == ("guest", True)


def test_one_who_left_the_group_since_was_there(academy, now):
    carol = academy.add_member("Carol", "B")
    Attendance.objects.create(meeting=academy.meeting("B"), user=carol, checked_in_at=now)
    carol.memberships.update(status="dropped", left_at=now)
    assert lines(academy.meeting("B")) == [("Carol", "former member", "pending")]
    assert lines(academy.meeting("B", 2)) == []


def test_a_guest_is_reminded_of_the_host_meeting_and_of_no_other(academy, visit):
    # In the system that came before it was the other way round.
    def expected(meeting: Meeting) -> list[str]:
        return [line.name for line in read_rosters([meeting])[meeting.pk] if line.is_expected]

    academy.add_member("Dora", "A")
    assert expected(academy.meeting("A")) == ["Dora"]
    assert expected(academy.meeting("B")) == ["Alice"]
    assert expected(academy.meeting("A", 2)) == ["Alice", "Dora"]


def test_an_older_answer_at_the_host_does_not_outrank_the_booking(academy, alice, now):
    Attendance.objects.create(
        meeting=academy.meeting("B"),
        user=alice,
        rsvp="not_attending",
        rsvp_at=now - timedelta(days=1),
    )
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    assert lines(academy.meeting("B")) == [("Alice", "guest", "attending")]
    Attendance.objects.filter(meeting=academy.meeting("B")).update(
        rsvp="not_attending", rsvp_at=now + timedelta(hours=1)
    )
    assert lines(academy.meeting("B")) == [("Alice", "guest", "not_attending")]


def test_rosters_cost_four_queries_for_any_number_of_meetings(now):
    for groups in (3, 60):
        names = [f"{number:02}" for number in range(groups)]
        academy = Academy(now, groups=names, name=f"{groups} groups")
        for name in names:
            academy.add_member(f"Member of {groups} {name}", name)
        meetings = list(Meeting.objects.filter(group__cohort=academy.cohort))
        with CaptureQueriesContext(connection) as queries:
            assert len(read_rosters(meetings)) == 4 * groups
        assert len(queries) == 4


# -- members are counted without guests ----------------------------------------------------------


def test_a_guest_is_no_member_and_attends_nothing_in_the_figures(academy, alice, visit):
    # In the system that came before guests were counted as members.
    carol = academy.add_member("Carol", "B")
    over = academy.meeting("B").ends_at
    for attendance in Attendance.objects.filter(meeting=academy.meeting("B")):
        attendance.checked_in_at = over
        attendance.save()
    Attendance.objects.create(meeting=academy.meeting("B"), user=carol, checked_in_at=over)
    a, b = academy.groups["A"].pk, academy.groups["B"].pk
    assert [member.user for member in members_of([b])] == [carol]
    assert count_attendance([a, b], over) == {
        (a, alice.pk): AttendanceCount(held=1, attended=0, elsewhere=1),
        (b, carol.pk): AttendanceCount(held=1, attended=1),
    }


def test_c18_a_meeting_that_was_made_up_for_counts_as_attended_elsewhere(
    academy, alice, visit, now
):
    """Also where no one saw the guest at home; a visit that was missed makes up for nothing."""
    home, a = academy.meeting("A"), academy.groups["A"].pk
    over = academy.meeting("B").ends_at
    Meeting.objects.update(was_held="here", was_held_at=over)
    at_home = Attendance.objects.filter(meeting=home, user=alice)
    at_home.update(not_seen=True)
    at_host = Attendance.objects.filter(meeting=academy.meeting("B"), user=alice)
    at_host.update(not_seen=True)
    missed = AttendanceCount(held=1, attended=0, excused=1)  # booking declined her own meeting
    assert count_attendance([a], over)[a, alice.pk] == missed
    at_host.update(not_seen=False, checked_in_at=academy.meeting("B").starts_at)
    assert count_attendance([a], over)[a, alice.pk] == AttendanceCount(
        held=1, attended=0, elsewhere=1
    )
    figures = read_attendance_stats([home.pk])[home.pk]
    assert (figures.present, figures.elsewhere, figures.absent) == (0, 1, 0)
    row = read_meeting_row(home, over)
    assert (row.presences["present"], row.elsewhere, row.presences["absent"]) == (0, 1, 0)


def test_meetings_to_come_and_cancelled_ones_were_not_held(academy, alice, now):
    a = academy.groups["A"].pk
    assert count_attendance([a], now)[a, alice.pk].held == 0
    after_two = academy.meeting("A", 2).starts_at
    assert count_attendance([a], after_two)[a, alice.pk].held == 2
    Meeting.objects.filter(pk=academy.meeting("A").pk).update(status="cancelled")
    assert count_attendance([a], after_two)[a, alice.pk].held == 1


def test_facilitators_are_in_no_attendance_figure(academy, now):
    academy.add_facilitator("Bob", "A")
    assert count_attendance([academy.groups["A"].pk], now) == {}


def test_a_group_with_two_facilitators_is_listed_once(academy):
    bob = academy.add_facilitator("Bob", "A", "B")
    academy.add_facilitator("Zoe", "A")
    assert groups_facilitated(bob.pk) == [academy.groups["A"], academy.groups["B"]]


def test_upcoming_meetings_are_those_of_own_active_groups(academy, alice, visit, now):
    mine = upcoming_meetings(alice.pk, now)
    assert [row.meeting for row in mine] == [academy.meeting("A", week) for week in (1, 2, 3, 4)]
    assert [row.rsvp for row in mine] == ["not_attending", "pending", "pending", "pending"]
    assert not any(row.is_facilitator for row in mine)
    assert len(upcoming_meetings(alice.pk, academy.meeting("A").starts_at)) == 4
    assert len(upcoming_meetings(alice.pk, academy.meeting("A").ends_at)) == 3


def test_facilitators_have_upcoming_meetings_too(academy, now):
    bob = academy.add_facilitator("Bob", "B")
    assert all(row.is_facilitator for row in upcoming_meetings(bob.pk, now))
    assert len(upcoming_meetings(bob.pk, now)) == 4


def test_a_group_that_is_not_set_up_or_has_ended_has_no_upcoming_meetings(academy, alice, now):
    for change in ({"set_up_at": None}, {"status": "cancelled"}):
        Group.objects.filter(pk=academy.groups["A"].pk).update(**change)
        assert upcoming_meetings(alice.pk, now) == []
