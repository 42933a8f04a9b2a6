"""Each question about groups and people has one answer."""

from datetime import UTC, date, datetime

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, Course, Membership
from cohorts.selectors import (
    facilitators_of,
    find_cohort,
    members_of,
)
from cohorts.services.memberships import end_membership
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def academy() -> Academy:
    academy = Academy(NOW)
    academy.add_member("Alice", "A")
    academy.add_member("Bob", "A")
    academy.add_facilitator("Zoe", "A", "B")
    academy.add_facilitator("Fay", "A")
    return academy


def test_a_group_with_two_facilitators_is_listed_once(academy):
    """Failure 18 of the system before."""
    ids = [group.pk for group in academy.groups.values()]
    facilitators = facilitators_of(ids)
    names = {
        name: [person.name for person in facilitators.get(group.pk, [])]
        for name, group in academy.groups.items()
    }
    assert names == {"A": ["Fay", "Zoe"], "B": ["Zoe"], "C": []}


def test_members_are_those_who_have_not_left(academy):
    group = academy.groups["A"]
    bob = Membership.objects.get(user__name="Bob")
    end_membership(bob.pk, status=Membership.Status.COMPLETED, now=NOW)
    names = [membership.user.name for membership in members_of([group.pk])]
    assert names == ["Fay", "Zoe", "Alice"]


def test_a_cohort_is_found_by_id_and_by_name_in_any_case(academy):
    cohort = academy.cohort
    assert find_cohort(str(cohort.pk)) == find_cohort("Autumn") == find_cohort(" autumn ") == cohort


def test_an_ambiguous_name_is_refused_with_the_candidates(academy):
    other = Cohort.objects.create(
        course=Course.objects.create(name="Other"),
        name="Autumn",
        start_date=date(2027, 1, 4),
        number_of_meetings=4,
    )
    with pytest.raises(Refusal) as refused:
        find_cohort("Autumn")
    assert refused.value.code == "ambiguous_cohort"
    assert f"{academy.cohort.pk} (Course: Autumn)" in refused.value.sentence
    assert f"{other.pk} (Other: Autumn)" in refused.value.sentence


@pytest.mark.parametrize("text", ["Summer", "999999", "", "99999999999999999999999"])
def test_an_unknown_cohort_is_reported(academy, text):
    with pytest.raises(Refusal) as refused:
        find_cohort(text)
    assert refused.value.code == "no_cohort"
