"""With any two actions at the same moment, the database ends in a state that the rules allow.

Real processes on PostgreSQL.  Each pair is run by several people at once.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from cohorts.models import Membership, User
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member, end_membership, move_member
from guestvisits.facts import read_open_visits
from guestvisits.lifecycle import next_transition
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.race import DONE, race, tally
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 8


@pytest.fixture
def academy(now) -> Academy:
    return Academy(now, groups="ABCD")


@pytest.fixture
def people(academy) -> list[User]:
    return [academy.add_member(f"Person {number}", "A") for number in range(PEOPLE)]


def booking(academy: Academy, user: User, host: str = "B", home: str = "A") -> Callable[[], object]:
    return partial(
        book_visit,
        user.pk,
        home_meeting_id=academy.meeting(home).pk,
        host_meeting_id=academy.meeting(host).pk,
        now=academy.now,
    )


def check_that_rules_hold(academy: Academy) -> None:
    """No rule is broken by what is stored, and attendances say what the visits say."""
    standing = read_open_visits()
    assert [visit for visit, facts in standing if next_transition(facts, academy.now)] == []
    visits = [visit for visit, _ in standing]
    weeks = Counter((visit.user_id, visit.host_meeting.number) for visit in visits)
    assert all(count == 1 for count in weeks.values())
    guests = set(Attendance.objects.filter(is_guest=True).values_list("user_id", "meeting_id"))
    assert guests == {(visit.user_id, visit.host_meeting_id) for visit in visits}
    for visit in visits:
        at_home = Attendance.objects.get(user=visit.user_id, meeting=visit.home_meeting_id)
        assert at_home.rsvp == "not_attending"


def test_fifty_bookings_of_one_person_for_one_week_leave_one_visit(academy):
    alice = academy.add_member("Alice", "A")
    answers = race(*[booking(academy, alice, "BCD"[number % 3]) for number in range(50)])
    assert tally(answers) == {DONE: 1, "already_visiting": 49}
    assert GuestVisit.objects.count() == 1
    check_that_rules_hold(academy)


def test_twenty_people_for_the_last_seat_leave_one(academy):
    academy.cohort.guest_seats = 1
    academy.cohort.save()
    homes = ["A", "C", "D"]
    people = [academy.add_member(f"Person {n}", homes[n % 3]) for n in range(20)]
    answers = race(
        *[booking(academy, person, "B", homes[n % 3]) for n, person in enumerate(people)]
    )
    assert tally(answers) == {DONE: 1, "host_full": 19}
    assert GuestVisit.objects.count() == 1
    check_that_rules_hold(academy)


def test_the_last_visit_of_a_person_is_given_once(academy):
    academy.cohort.visits_per_person = 1
    academy.cohort.save()
    alice = academy.add_member("Alice", "A")
    weeks = [
        partial(
            book_visit,
            alice.pk,
            home_meeting_id=academy.meeting("A", week).pk,
            host_meeting_id=academy.meeting(host, week).pk,
            now=academy.now,
        )
        for week in (1, 2, 3, 4)
        for host in "BCD"
    ]
    answers = tally(race(*weeks))
    assert answers.pop(DONE) == 1
    assert set(answers) <= {"too_many_visits", "already_visiting"}
    check_that_rules_hold(academy)


@pytest.mark.matrix
def test_crossing_visits_of_two_groups_do_not_wait_for_each_other_for_ever(academy):
    there = [academy.add_member(f"From A {n}", "A") for n in range(10)]
    back = [academy.add_member(f"From B {n}", "B") for n in range(10)]
    answers = race(
        *[booking(academy, person, "B", "A") for person in there],
        *[booking(academy, person, "A", "B") for person in back],
    )
    assert tally(answers) == {DONE: 20}
    check_that_rules_hold(academy)


def test_booking_again_against_cancelling(academy, people):
    for person in people:
        booking(academy, person, "B")()
    calls = []
    for person in people:
        host = academy.meeting("B")
        calls += [
            booking(academy, person, "C"),
            partial(cancel_visit, person.pk, host_meeting_id=host.pk, now=academy.now),
        ]
    answers = race(*calls)
    assert set(answers[0::2]) <= {DONE, "already_visiting"}
    assert set(answers[1::2]) == {DONE}
    assert GuestVisit.objects.filter(ended_at=None).count() == answers[0::2].count(DONE)
    check_that_rules_hold(academy)


@pytest.mark.matrix
def test_cancelling_many_times_ends_a_visit_once(academy, people):
    booking(academy, people[0])()
    host = academy.meeting("B")
    cancelling = partial(cancel_visit, people[0].pk, host_meeting_id=host.pk, now=academy.now)
    assert tally(race(*[cancelling] * 10)) == {DONE: 1, "no_visit": 9}
    check_that_rules_hold(academy)


def _move(meeting: Meeting, academy: Academy) -> object:
    return move_meeting(
        meeting.pk, starts_at=meeting.starts_at + timedelta(hours=1), now=academy.now
    )


def _move_in_the_admin(meeting: Meeting, academy: Academy) -> None:
    meeting.starts_at += timedelta(hours=1)
    meeting.save()


def _cancel(meeting: Meeting, academy: Academy) -> object:
    return cancel_meeting(meeting.pk, now=academy.now)


def _end_group(meeting: Meeting, academy: Academy) -> object:
    return end_group(meeting.group_id, status="merged", now=academy.now)


@pytest.mark.parametrize(
    ("change", "refusals", "reason"),
    [
        (_move, set(), "host_moved"),
        in_matrix(_move_in_the_admin, set(), "host_moved"),
        in_matrix(_cancel, {"meeting_cancelled"}, "host_cancelled"),
        in_matrix(_end_group, {"group_not_active"}, "host_group_ended"),
    ],
)
def test_booking_against_a_change_of_the_host(academy, people, change, refusals, reason):
    bookings = [booking(academy, person) for person in people]
    middle = len(bookings) // 2
    changing = partial(change, academy.meeting("B"), academy)
    answers = race(*bookings[:middle], changing, *bookings[middle:])
    assert answers.pop(middle) == DONE
    assert set(answers) <= {DONE, *refusals}
    ended = GuestVisit.objects.exclude(ended_at=None).values_list("end_reason", flat=True)
    assert set(ended) <= {reason}
    check_that_rules_hold(academy)


def _leave(person: User, academy: Academy) -> object:
    return end_membership(person.memberships.get().pk, status="dropped", now=academy.now)


def _delete_membership(person: User, academy: Academy) -> object:
    return person.memberships.get().delete()


def _change_to(group: str) -> Callable[[User, Academy], object]:
    def change(person: User, academy: Academy) -> object:
        group_id = academy.groups[group].pk
        return move_member(person.memberships.get().pk, group_id, now=academy.now)

    return change


def _facilitate_host(person: User, academy: Academy) -> object:
    return add_member(academy.groups["B"].pk, person.pk, role="facilitator", now=academy.now)


def _facilitate_host_in_the_admin(person: User, academy: Academy) -> object:
    return Membership.objects.create(
        user=person, group=academy.groups["B"], role="facilitator", joined_at=academy.now
    )


def _close_account(person: User, _academy: Academy) -> None:
    closed = User.objects.get(pk=person.pk)
    closed.is_active = False
    closed.save(update_fields=["is_active"])


@pytest.mark.parametrize(
    ("change", "refusal", "ends"),
    [
        (_close_account, "account_closed", {"deactivated"}),
        (_leave, "not_active_participant", {"left"}),
        in_matrix(_delete_membership, "no_meeting", {"left"}),
        (_change_to("B"), "no_meeting", {"became_member"}),
        in_matrix(_change_to("C"), "no_meeting", set()),
        in_matrix(_facilitate_host, "already_member", {"became_member"}),
        in_matrix(_facilitate_host_in_the_admin, "already_member", {"became_member"}),
    ],
)
def test_booking_against_a_change_of_the_guest(academy, people, change, refusal, ends):
    calls = []
    for person in people:
        calls += [booking(academy, person), partial(change, person, academy)]
    answers = race(*calls)
    assert set(answers[1::2]) == {DONE}
    assert set(answers[0::2]) <= {DONE, refusal}
    ended = GuestVisit.objects.exclude(ended_at=None).values_list("end_reason", flat=True)
    assert set(ended) <= ends
    check_that_rules_hold(academy)
