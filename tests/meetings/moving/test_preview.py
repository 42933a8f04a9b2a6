"""What is shown before anything is changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.models import Membership
from guestvisits.services.booking import book_visit
from meetings.models import Attendance, Meeting
from meetings.moving import moves
from meetings.moving.preview import Preview, preview_move
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def visit(academy: Academy, guest, home: str, host: str, number: int = 2) -> None:
    book_visit(
        guest.pk,
        home_meeting_id=academy.meeting(home, number).pk,
        host_meeting_id=academy.meeting(host, number).pk,
        now=academy.now,
    )


def reschedule(meeting: Meeting, by: timedelta, academy: Academy) -> Preview:
    return preview_move(moves.Reschedule(meeting.pk, meeting.starts_at + by), now=academy.now)


def test_members_and_guests_of_the_meeting_are_affected_each_by_role(academy):
    academy.add_member("Alice", "A")
    academy.add_facilitator("Bob", "A")
    visit(academy, academy.add_member("Carol", "B"), "B", "A", 2)
    visit(academy, academy.add_member("Dave", "B"), "B", "A", 3)
    shown = reschedule(academy.meeting("A", 2), HOUR, academy)
    assert [(person.name, person.role) for person in shown.affected] == [
        ("Bob", "facilitator"),
        ("Alice", "participant"),
        ("Carol", "guest"),
    ]


def test_a_closed_account_is_not_among_those_who_get_a_message(academy):
    academy.add_member("Alice", "A")
    academy.add_member("Eve", "A", is_active=False)
    shown = reschedule(academy.meeting("A", 2), HOUR, academy)
    assert [person.name for person in shown.affected] == ["Alice"]


def test_nothing_is_changed_by_looking(academy):
    visit(academy, academy.add_member("Carol", "B"), "B", "A")
    before = list(Meeting.objects.values()), list(Attendance.objects.values())
    with CaptureQueriesContext(connection) as queries:
        preview_move(moves.Postpone(academy.meeting("A", 1).pk), now=academy.now)
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert (list(Meeting.objects.values()), list(Attendance.objects.values())) == before


def test_a_broken_visit_is_named_with_what_is_open_to_the_guest(academy):
    visit(academy, academy.add_member("Carol", "B"), "B", "A")
    shown = preview_move(moves.Cancel(academy.meeting("A", 2).pk), now=academy.now)
    (broken,) = shown.consequences
    assert broken.name == "Carol"
    assert broken.sentence == "is visiting this group in week 2, from Group B; that visit ends."
    assert [(option.group, option.number) for option in broken.options] == [("Group C", 2)]


def test_a_moved_meeting_is_open_to_its_guest_again_at_the_new_time(academy):
    visit(academy, academy.add_member("Carol", "B"), "B", "A")
    meeting = academy.meeting("A", 2)
    (broken,) = reschedule(meeting, 3 * HOUR, academy).consequences
    times = {option.group: option.starts_at for option in broken.options}
    assert times["Group A"] == meeting.starts_at + 3 * HOUR


def test_the_guests_own_seat_counts_as_free_when_the_visit_ends(now, set_clock):
    set_clock(now)
    academy = Academy(now, guest_seats=1, visits_per_person=1)
    visit(academy, academy.add_member("Carol", "B"), "B", "A")
    (broken,) = reschedule(academy.meeting("A", 2), HOUR, academy).consequences
    assert {option.group for option in broken.options} == {"Group A", "Group C"}


def test_a_meeting_whose_booking_has_closed_is_not_offered(now, set_clock):
    set_clock(now)
    academy = Academy(now, booking_cutoff_hours=24 * 14)
    carol = academy.add_member("Carol", "B")
    book = {"home_meeting_id": academy.meeting("B", 4).pk}
    book_visit(carol.pk, **book, host_meeting_id=academy.meeting("A", 4).pk, now=now)
    shown = preview_move(moves.Cancel(academy.meeting("A", 4).pk), now=now + 8 * DAY)
    assert [option.group for option in shown.consequences[0].options] == ["Group C"]
    shown = preview_move(moves.Cancel(academy.meeting("A", 4).pk), now=now + 14 * DAY)
    assert shown.consequences[0].options == ()


def test_a_member_who_is_away_keeps_the_visit(academy):
    visit(academy, academy.add_member("Carol", "A"), "A", "B")
    shown = reschedule(academy.meeting("A", 2), HOUR, academy)
    (kept,) = shown.consequences
    assert kept.sentence == "is visiting Group B in week 2; that visit does not change."
    assert kept.options is None


def test_another_length_breaks_no_visit(academy):
    visit(academy, academy.add_member("Carol", "B"), "B", "A")
    meeting = academy.meeting("A", 2)
    longer = moves.Reschedule(meeting.pk, meeting.starts_at, 90)
    assert preview_move(longer, now=academy.now).consequences == ()


# -- clashes -------------------------------------------------------------------------------------


@pytest.fixture
def bob(academy: Academy):
    """Facilitates groups A and B; B meets a day and a minute after A."""
    return academy.add_facilitator("Bob", "A", "B")


def onto_b(academy: Academy) -> Preview:
    return reschedule(academy.meeting("A", 2), DAY, academy)


def test_another_meeting_of_the_same_person_is_a_clash(academy, bob):
    (clash,) = onto_b(academy).clashes
    assert (clash.name, clash.number, clash.other) == ("Bob", 2, academy.meeting("B", 2))
    assert not clash.is_guest
    assert not reschedule(academy.meeting("A", 2), HOUR, academy).clashes


def test_a_guests_other_meeting_is_a_clash(academy):
    carol = academy.add_member("Carol", "A")
    visit(academy, carol, "A", "B", 3)
    meeting = academy.meeting("B", 3)
    shown = preview_move(
        moves.Reschedule(academy.meeting("A", 2).pk, meeting.starts_at), now=academy.now
    )
    (clash,) = shown.clashes
    assert (clash.name, clash.other, clash.is_guest) == ("Carol", meeting, True)


@pytest.mark.parametrize("which", ["A", "B"])
def test_a_meeting_that_someone_declined_clashes_with_nothing(academy, bob, which):
    Attendance.objects.create(
        meeting=academy.meeting(which, 2), user=bob, rsvp=Attendance.Rsvp.NOT_ATTENDING
    )
    assert onto_b(academy).clashes == ()


def test_what_is_cancelled_or_over_or_left_clashes_with_nothing(academy, bob):
    Meeting.objects.filter(pk=academy.meeting("B", 2).pk).update(status="cancelled")
    assert onto_b(academy).clashes == ()
    Meeting.objects.filter(pk=academy.meeting("B", 2).pk).update(status="scheduled")
    membership = Membership.objects.get(user=bob, group=academy.groups["B"])
    membership.status = Membership.Status.REMOVED
    membership.save()
    assert onto_b(academy).clashes == ()


def test_a_meeting_that_ends_when_the_other_begins_is_no_clash(academy, bob):
    touching = academy.meeting("B", 2).starts_at - HOUR - academy.meeting("A", 2).starts_at
    assert reschedule(academy.meeting("A", 2), touching, academy).clashes == ()


@pytest.mark.parametrize("people", [1, 8])
def test_the_number_of_queries_does_not_grow_with_the_people(academy, people):
    for number in range(people):
        academy.add_facilitator(f"Person {number}", "A", "B")
    meeting = academy.meeting("A", 2)
    move = moves.Reschedule(meeting.pk, meeting.starts_at + DAY)
    with CaptureQueriesContext(connection) as queries:
        assert len(preview_move(move, now=academy.now).clashes) == people
    assert len(queries) == 15


def test_the_digest_is_the_same_as_long_as_everything_is(academy, bob):
    first = onto_b(academy).digest
    assert onto_b(academy).digest == first
    academy.add_member("Alice", "A")
    assert onto_b(academy).digest != first
