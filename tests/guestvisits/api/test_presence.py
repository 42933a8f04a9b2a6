"""Who is at a meeting through the API, and correcting it: for facilitators and staff only."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from cohorts.models import Membership
from meetings.models import Attendance, Meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "B")


@pytest.fixture
def carol(academy):
    return academy.add_member("Carol", "B")


@pytest.fixture
def held(academy, bob, carol, now) -> Meeting:
    meeting = academy.meeting("B")
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(hours=3))
    Membership.objects.update(joined_at=now - timedelta(days=9))
    meeting.refresh_from_db()
    return meeting


def client_of(person) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def put(person, meeting_id: int, user_id: int, body: object):
    path = f"/api/meetings/{meeting_id}/people/{user_id}"
    return client_of(person).put(path, json.dumps(body), content_type="application/json")


def test_a_facilitator_reads_who_was_there(bob, carol, held):
    Attendance.objects.create(meeting=held, user=carol, checked_in_at=held.starts_at)
    people = client_of(bob).get(f"/api/meetings/{held.pk}/people").json()["people"]
    assert [(each["name"], each["presence"]) for each in people] == [
        ("Bob", "unknown"),
        ("Carol", "present"),
    ]
    assert people[1] == {
        "user_id": carol.pk,
        "name": "Carol",
        "role": "participant",
        "home_group": "",
        "rsvp": "pending",
        "presence": "present",
        "seen_at": held.starts_at.isoformat().replace("+00:00", "Z"),
        "noted_by": "",
    }


def test_a_facilitator_corrects_it(bob, carol, held):
    answer = put(bob, held.pk, carol.pk, {"presence": "absent"})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["presence"], said["seen_at"], said["noted_by"]) == ("absent", None, "Bob")
    assert Attendance.objects.get().corrected_by == bob


def test_to_others_there_is_no_such_meeting(academy, carol, held):
    elsewhere = academy.add_facilitator("Dora", "A")
    for person in (carol, elsewhere):
        answers = [
            client_of(person).get(f"/api/meetings/{each}/people") for each in (held.pk, 10**9)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
        assert put(person, held.pk, carol.pk, {"presence": "present"}).status_code == 404
    assert Client().get(f"/api/meetings/{held.pk}/people").status_code == 403
    assert not Attendance.objects.exists()


def test_staff_may(academy, carol, held):
    sam = academy.add_person("Sam", is_staff=True, is_superuser=True)
    assert put(sam, held.pk, carol.pk, {"presence": "present"}).json()["noted_by"] == "Sam"


@pytest.mark.parametrize(
    "body", [{}, [], None, "present", {"presence": None}, {"presence": "late"}, {"presence": 1}]
)
def test_bad_input_is_reported(bob, carol, held, body):
    answer = put(bob, held.pk, carol.pk, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert not Attendance.objects.exists()


def test_refusals_have_their_names(academy, bob, carol, held):
    ahead = academy.meeting("B", 2).pk
    assert put(bob, ahead, carol.pk, {"presence": "present"}).json()["code"] == "meeting_ahead"
    stranger = academy.add_member("Alice", "A").pk
    answer = put(bob, held.pk, stranger, {"presence": "present"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_person")
