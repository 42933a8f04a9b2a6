"""`/api/groups/joinable`: its fields, and refusals with `detail`."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from cohorts.models import Group, Membership
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db
PATH = "/api/groups/joinable"


@pytest.fixture
def academy(now) -> Academy:
    until = now.date() + timedelta(days=2)
    return Academy(now, groups="AB", is_joinable=True, switching_until=until)


@pytest.fixture
def client(academy) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(academy.add_member("Alice", "A"))
    return client


def post(client: Client, body: object):
    return client.post(PATH, json.dumps(body), content_type="application/json")


def test_a_learner_reads_the_groups_and_switches(client, academy):
    academy.add_facilitator("Fay", "B")
    Group.objects.filter(name="Group B").update(size=5)
    own, other = client.get(PATH).json()["groups"]
    assert (own["group_name"], own["is_current"]) == ("Group A", True)
    starts_at = academy.meeting("B").starts_at
    assert other == {
        "group_id": academy.groups["B"].pk,
        "group_name": "Group B",
        "cohort_id": academy.cohort.pk,
        "cohort_name": "Autumn",
        "next_slot_starts_at": starts_at.isoformat().replace("+00:00", "Z"),
        "next_slot_ends_at": (starts_at + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "timezone": "UTC",
        "facilitators": ["Fay"],
        "member_count": 0,
        "seats_left": 5,
        "is_best_size": False,
        "is_current": False,
    }
    answer = post(client, {"group_id": other["group_id"]})
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "group_id": other["group_id"]},
    )
    assert Membership.objects.get(user__name="Alice", status="active").group.name == "Group B"
    again = post(client, {"group_id": other["group_id"]})
    assert again.status_code == 400
    assert again.json() == {
        "detail": "You are in Group B already.",
        "sentence": "You are in Group B already.",
        "code": "already_member",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad_input"),
        ({"group_id": "1"}, 400, "bad_input"),
        ({"group_id": 0}, 400, "bad_input"),
        ({"group_id": 10**30}, 400, "bad_input"),
        ([], 400, "bad_input"),
        ({"group_id": 999999}, 404, "no_group"),
    ],
)
def test_bad_input_changes_nothing(client, body, status, code):
    answer = post(client, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"] == answer.json()["sentence"]
    assert Membership.objects.get().group.name == "Group A"


def test_a_group_of_another_cohort_does_not_exist_for_others(client, now):
    other = Academy(now, name="Spring", groups="X", is_joinable=True)
    answer = post(client, {"group_id": other.groups["X"].pk})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_group")
