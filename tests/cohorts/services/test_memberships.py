"""Joining, moving, leaving, changing role."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from cohorts.errors import Refusal
from cohorts.models import AccessException, Cohort, Course, Group, Membership, User
from cohorts.services.groups import check_slot_may_change, end_group
from cohorts.services.memberships import add_member, change_role, end_membership, move_member
from tests.support.listening import listening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
Role = Membership.Role
Status = Membership.Status


def make_cohort(name: str = "Winter") -> Cohort:
    course, _ = Course.objects.get_or_create(name="Course")
    return Cohort.objects.create(
        course=course, name=name, start_date=date(2027, 1, 11), number_of_meetings=4
    )


@pytest.fixture
def cohort() -> Cohort:
    return make_cohort()


@pytest.fixture
def alpha(cohort) -> Group:
    return Group.objects.create(cohort=cohort, name="Alpha")


@pytest.fixture
def beta(cohort) -> Group:
    return Group.objects.create(cohort=cohort, name="Beta")


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


def refusal_of(service: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(Refusal) as refused:
        service(*args, **kwargs)
    assert str(refused.value) == refused.value.sentence
    assert refused.value.sentence.endswith(".")
    return refused.value.code


def test_a_person_joins_a_group(alpha, alice):
    membership = add_member(alpha.pk, alice.pk, now=NOW)
    assert (membership.role, membership.status) == (Role.PARTICIPANT, Status.ACTIVE)
    assert (membership.cohort, membership.joined_at) == (alpha.cohort, NOW)


def test_a_move_ends_the_old_membership_with_a_date_and_a_reason(alpha, beta, alice):
    old = add_member(alpha.pk, alice.pk, now=NOW)
    later = datetime(2027, 1, 20, 12, tzinfo=UTC)
    new = move_member(old.pk, beta.pk, now=later)
    old.refresh_from_db()
    assert (old.status, old.left_at, old.left_why) == (Status.MOVED, later, "moved to Beta")
    assert (new.group, new.status, new.joined_at) == (beta, Status.ACTIVE, later)


def test_a_move_announces_both_groups_at_once(alpha, beta, alice):
    old = add_member(alpha.pk, alice.pk, now=NOW)
    with listening() as heard:
        move_member(old.pk, beta.pk, now=NOW)
    assert heard == [{alpha.pk, beta.pk}]


def test_a_changed_account_announces_all_groups_of_its_person_at_once(alpha, beta, alice):
    """With a signal for each kind of row, two changes could lock the groups in different orders."""
    add_member(alpha.pk, alice.pk, now=NOW)
    AccessException.objects.create(user=alice, group=beta, until=NOW, reason="Helps out.")
    with listening() as heard:
        alice.save()
    assert heard == [{alpha.pk, beta.pk}]


@pytest.mark.parametrize("status", [Status.DROPPED, Status.COMPLETED, Status.REMOVED])
def test_a_membership_ends_and_its_row_stays(alpha, alice, status):
    membership = add_member(alpha.pk, alice.pk, now=NOW)
    end_membership(membership.pk, status=status, now=NOW, why="she said so")
    membership.refresh_from_db()
    assert (membership.status, membership.left_at) == (status, NOW)
    assert membership.left_why == "she said so"
    assert refusal_of(end_membership, membership.pk, status=status, now=NOW) == "membership_ended"


def test_a_person_can_come_back(alpha, alice):
    first = add_member(alpha.pk, alice.pk, now=NOW)
    end_membership(first.pk, status=Status.DROPPED, now=NOW)
    assert add_member(alpha.pk, alice.pk, now=NOW).pk != first.pk


def test_no_one_is_a_member_of_one_group_twice(alpha, alice):
    add_member(alpha.pk, alice.pk, now=NOW)
    assert refusal_of(add_member, alpha.pk, alice.pk, now=NOW) == "already_member"
    assert (
        refusal_of(add_member, alpha.pk, alice.pk, role=Role.FACILITATOR, now=NOW)
        == "already_member"
    )


def test_a_participant_has_one_group_per_cohort_and_a_facilitator_several(alpha, beta, alice):
    add_member(alpha.pk, alice.pk, now=NOW)
    assert refusal_of(add_member, beta.pk, alice.pk, now=NOW) == "in_another_group"
    other = Group.objects.create(cohort=make_cohort("Spring"), name="Alpha")
    add_member(other.pk, alice.pk, now=NOW)

    bob = User.objects.create_user("bob@example.org", name="Bob")
    for group in (alpha, beta):
        add_member(group.pk, bob.pk, role=Role.FACILITATOR, now=NOW)
    assert bob.memberships.count() == 2


def test_a_role_changes_unless_that_makes_two_groups_of_a_participant(alpha, beta, alice):
    led = add_member(alpha.pk, alice.pk, role=Role.FACILITATOR, now=NOW)
    attended = add_member(beta.pk, alice.pk, now=NOW)
    assert refusal_of(change_role, led.pk, role=Role.PARTICIPANT) == "in_another_group"
    assert change_role(attended.pk, role=Role.FACILITATOR).role == Role.FACILITATOR
    assert change_role(led.pk, role=Role.PARTICIPANT).role == Role.PARTICIPANT


def test_a_move_stays_in_the_cohort_and_goes_somewhere(alpha, alice):
    membership = add_member(alpha.pk, alice.pk, now=NOW)
    elsewhere = Group.objects.create(cohort=make_cohort("Spring"), name="Alpha")
    assert refusal_of(move_member, membership.pk, elsewhere.pk, now=NOW) == "other_cohort"
    assert refusal_of(move_member, membership.pk, alpha.pk, now=NOW) == "same_group"
    assert refusal_of(move_member, membership.pk, 10**9, now=NOW) == "no_group"
    assert refusal_of(move_member, 10**9, alpha.pk, now=NOW) == "no_membership"
    membership.refresh_from_db()
    assert membership.status == Status.ACTIVE


def test_a_full_group_takes_no_participant_and_still_a_facilitator(cohort, alice):
    group = Group.objects.create(cohort=cohort, name="Small", size=1)
    add_member(group.pk, alice.pk, now=NOW)
    bob = User.objects.create_user("bob@example.org", name="Bob")
    assert refusal_of(add_member, group.pk, bob.pk, now=NOW) == "group_full"
    led = add_member(group.pk, bob.pk, role=Role.FACILITATOR, now=NOW)
    assert refusal_of(change_role, led.pk, role=Role.PARTICIPANT) == "group_full"


def test_an_unknown_person_is_reported(alpha, alice):
    assert refusal_of(add_member, 10**9, alice.pk, now=NOW) == "no_group"
    assert refusal_of(add_member, alpha.pk, 10**9, now=NOW) == "no_person"


@pytest.mark.parametrize(
    ("status", "left_as"),
    [
        (Group.Status.COMPLETED, Status.COMPLETED),
        (Group.Status.MERGED, Status.REMOVED),
        (Group.Status.CANCELLED, Status.REMOVED),
    ],
)
def test_a_group_that_ends_frees_its_people_for_another(alpha, beta, alice, status, left_as):
    old = add_member(alpha.pk, alice.pk, now=NOW)
    group = end_group(alpha.pk, status=status, now=NOW)
    old.refresh_from_db()
    assert (group.status, group.ended_at) == (status, NOW)
    assert (old.status, old.left_at) == (left_as, NOW)
    assert refusal_of(add_member, alpha.pk, alice.pk, now=NOW) == "group_ended"
    assert refusal_of(end_group, alpha.pk, status=status, now=NOW) == "group_ended"
    add_member(beta.pk, alice.pk, now=NOW)


def test_the_slot_of_a_group_that_has_begun_needs_a_person(alpha):
    alpha.set_up_at = NOW
    assert refusal_of(check_slot_may_change, alpha) == "group_set_up"
    alpha.status = Group.Status.COMPLETED
    assert refusal_of(check_slot_may_change, alpha) == "group_ended"


@pytest.mark.parametrize(
    "bad",
    [
        {"timezone": "Europe/Atlantis"},
        {"weekday": 2},
        {"duration_minutes": 0},
        {"duration_minutes": 5000},
    ],
)
def test_half_a_slot_or_an_unknown_zone_is_no_slot(alpha, bad):
    slot: dict[str, Any] = {"weekday": None, "start_time": None, "timezone": "UTC"}
    for name, value in (slot | bad).items():
        setattr(alpha, name, value)
    with pytest.raises(ValidationError):
        alpha.full_clean()


@pytest.mark.django_db(transaction=True)
def test_joining_two_groups_at_once_leaves_one_membership(alpha, beta, alice):
    """Failure 10 of the system before: two clicks made a participant of two groups."""
    at_once = Barrier(8)

    def join(group: Group) -> str:
        at_once.wait(timeout=10)
        try:
            add_member(group.pk, alice.pk, now=NOW)
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "joined"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(join, [alpha, beta] * 4))
    assert answers.count("joined") == 1
    assert set(answers) <= {"joined", "already_member", "in_another_group"}
    assert Membership.objects.filter(user=alice, status=Status.ACTIVE).count() == 1
