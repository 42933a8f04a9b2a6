"""Guests never count as members."""

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Membership, User
from cohorts.services.memberships import end_membership
from meetings.attendance.statistics import AttendanceStats, read_attendance_stats
from meetings.models import Attendance
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
Rsvp = Attendance.Rsvp


@pytest.fixture
def academy() -> Academy:
    academy = Academy(NOW)
    for name in ("Alice", "Bob"):
        academy.add_member(name, "A")
    academy.add_facilitator("Fay", "A")
    academy.add_facilitator("Finn", "A")
    academy.add_member("Guest", "B")
    return academy


def attend(academy: Academy, name: str, group: str, number: int, **fields) -> Attendance:
    user = User.objects.get(name=name)
    return Attendance.objects.create(user=user, meeting=academy.meeting(group, number), **fields)


def test_figures_leave_guests_out(academy):
    meeting = academy.meeting("A", 1)
    attend(academy, "Alice", "A", 1, rsvp=Rsvp.ATTENDING, checked_in_at=NOW)
    attend(academy, "Bob", "A", 1, rsvp=Rsvp.NOT_ATTENDING)
    attend(academy, "Guest", "A", 1, rsvp=Rsvp.ATTENDING, checked_in_at=NOW, is_guest=True)
    turnout = read_attendance_stats([meeting.pk])[meeting.pk]
    assert turnout == AttendanceStats(
        members=4, attending=1, not_attending=1, tentative=0, present=1, absent=0
    )
    assert turnout.pending == 2


def test_a_persons_correction_comes_before_detection(academy):
    meeting = academy.meeting("A", 1)
    said = {"corrected_at": meeting.ends_at}
    attend(academy, "Alice", "A", 1, checked_in_at=NOW, correction="absent", **said)
    attend(academy, "Bob", "A", 1, not_seen=True, correction="present", **said)
    attend(academy, "Fay", "A", 1, not_seen=True)
    attend(academy, "Finn", "A", 1, not_seen=True, correction="unknown", **said)
    turnout = read_attendance_stats([meeting.pk])[meeting.pk]
    assert (turnout.present, turnout.absent) == (1, 2)
    assert [row.presence for row in meeting.attendances.order_by("user__name")] == [
        "absent",
        "present",
        "absent",
        "unknown",
    ]


def test_a_correction_from_before_the_start_is_about_another_date(academy):
    meeting = academy.meeting("A", 1)
    said = {"corrected_at": meeting.starts_at - timedelta(minutes=1)}
    attend(academy, "Alice", "A", 1, checked_in_at=NOW, correction="absent", **said)
    attend(academy, "Bob", "A", 1, not_seen=True, correction="present", **said)
    attend(academy, "Fay", "A", 1, correction="excused", **said)
    figures = read_attendance_stats([meeting.pk])[meeting.pk]
    assert (figures.present, figures.absent) == (1, 1)
    rows = meeting.attendances.order_by("user__name")
    assert [row.presence for row in rows] == ["present", "absent", "unknown"]


def test_who_left_is_no_member_and_was_there(academy):
    meeting = academy.meeting("A", 1)
    attend(academy, "Alice", "A", 1, rsvp=Rsvp.ATTENDING, checked_in_at=NOW)
    alice = Membership.objects.get(user__name="Alice")
    end_membership(alice.pk, status=Membership.Status.DROPPED, now=NOW)
    turnout = read_attendance_stats([meeting.pk])[meeting.pk]
    assert (turnout.members, turnout.attending, turnout.present) == (3, 0, 1)


def test_a_meeting_of_which_nothing_is_known_has_figures_too(academy):
    meeting = academy.meeting("C", 1)
    assert read_attendance_stats([meeting.pk])[meeting.pk] == AttendanceStats(0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("weeks", [[1], [1, 2, 3, 4]])
def test_any_number_of_meetings_takes_five_queries(academy, weeks, django_assert_num_queries):
    meetings = [academy.meeting("A", week).pk for week in weeks]
    with django_assert_num_queries(5):
        read_attendance_stats(meetings)
