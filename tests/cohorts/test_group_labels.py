"""How a group is named where staff choose one."""

from __future__ import annotations

from datetime import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.group_labels import label_group, with_places
from cohorts.models import Group
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def academy(db: None) -> Academy:
    academy = Academy(clock.now(), groups="AB", name="Winter 2027")
    Group.objects.update(weekday=1, start_time=time(18), timezone="Europe/Berlin", size=6)
    for name in ("Ana", "Bea", "Cem", "Dov"):
        academy.add_member(name, "A")
    academy.add_facilitator("Fay", "A")
    return academy


def labels() -> list[str]:
    return [label_group(group) for group in with_places(Group.objects.order_by("name"))]


def test_a_label_names_cohort_weekly_time_and_free_places(academy):
    assert labels()[0] == "Group A — Winter 2027, Tue 18:00 (Berlin), 2 of 6 places free"


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"size": None}, "Group A — Winter 2027, Tue 18:00 (Berlin), 4 participants"),
        ({"size": 3}, "Group A — Winter 2027, Tue 18:00 (Berlin), 0 of 3 places free"),
        ({"weekday": None, "start_time": None}, "Group A — Winter 2027, no weekly time, 2 of 6"),
    ],
)
def test_a_label_says_what_is_not_limited_full_or_not_set(academy, facts, label):
    Group.objects.update(**facts)
    assert labels()[0].startswith(label)


def test_many_labels_take_one_query(academy):
    with CaptureQueriesContext(connection) as queries:
        assert len(labels()) == 2
    assert len(queries) == 1


FORMS = {
    "add a person": "/admin/cohorts/membership/add-person/",
    "a membership": "/admin/cohorts/membership/add/?group={a}",
    "an exception": "/admin/cohorts/accessexception/add/?group={a}",
    "a merge": "/admin/cohorts/cohort/{cohort}/steps/merge/",
    "an end": "/admin/cohorts/cohort/{cohort}/steps/end/",
    "a move": "/admin/members/move/?member={member}",
    "the search field": "/admin/autocomplete/?app_label=cohorts&model_name=membership"
    "&field_name=group&term=Group",
}


@pytest.mark.parametrize("page", FORMS)
def test_every_form_that_chooses_a_group_shows_its_label(academy, admin_client, page):
    group = academy.groups["A"]
    address = FORMS[page].format(
        a=group.pk, cohort=academy.cohort.pk, member=group.memberships.first().pk
    )
    answer = admin_client.get(address)
    assert answer.status_code == 200
    label = "Group A — Winter 2027, Tue 18:00 (Berlin), 2 of 6 places free"
    if page == "the search field":
        assert label in [choice["text"] for choice in answer.json()["results"]]
    else:
        assert label in answer.content.decode()


def test_the_choices_of_the_search_field_cost_the_same_for_few_and_many(academy, admin_client):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(FORMS["the search field"])
        return len(queries)

    few = cost()
    Group.objects.bulk_create(Group(cohort=academy.cohort, name=f"Group {n}") for n in range(15))
    assert cost() == few
