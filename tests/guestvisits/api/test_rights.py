"""Who may read and book what by the API."""

import json

import pytest
from django.test import Client

from guestvisits.models import GuestVisit
from tests.guestvisits.api.asking import MINE, VISITS, book, options, post
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


OUTSIDERS = ["signed out", "other learner", "facilitator elsewhere", "staff"]


@pytest.fixture
def as_somebody(academy, alice):
    """Clients by who they are; `member` is the person whose things are asked for."""
    academy.add_facilitator("Bob", "A")
    people = {
        "member": alice,
        "other learner": academy.add_member("Carol", "C"),
        "facilitator elsewhere": academy.add_facilitator("Dora", "C"),
        "staff": academy.add_person("Sam", is_staff=True, is_superuser=True),
    }

    def as_somebody(who: str) -> Client:
        client = Client(raise_request_exception=False)
        if who in people:
            client.force_login(people[who])
        return client

    return as_somebody


@pytest.mark.parametrize(
    ("who", "mine", "asked", "booked", "listed", "cancelled"),
    [
        ("member", 200, 200, 200, 200, 200),
        ("other learner", 200, 200, 400, 200, 400),
        ("facilitator elsewhere", 200, 200, 400, 200, 400),
        ("staff", 200, 200, 400, 200, 400),
        ("signed out", 403, 403, 403, 403, 403),
    ],
)
def test_who_may_what(as_somebody, academy, who, mine, asked, booked, listed, cancelled):
    client, meeting = as_somebody(who), academy.meeting("A")
    assert client.get(MINE).status_code == mine
    assert client.get(options(meeting.pk)).status_code == asked
    assert book(client, academy).status_code == booked
    if who != "member":
        book(as_somebody("member"), academy)
    assert client.get(VISITS).status_code == listed
    assert client.delete(f"{VISITS}/{academy.meeting('B').pk}").status_code == cancelled


@pytest.mark.parametrize("who", OUTSIDERS)
def test_another_persons_meetings_and_visits_are_as_if_they_did_not_exist(
    as_somebody, academy, alice, who
):
    book(as_somebody("member"), academy)
    client, there, nowhere = as_somebody(who), academy.meeting("A").pk, 10**9
    host = academy.meeting("B").pk
    for method, of, body in [
        ("get", options, None),
        ("post", lambda _: VISITS, lambda mid: {"home_meeting_id": mid, "host_meeting_id": host}),
        ("delete", lambda meeting_id: f"{VISITS}/{meeting_id}", None),
    ]:
        answers = [
            getattr(client, method)(
                of(meeting_id),
                json.dumps(body(meeting_id)) if body else None,
                content_type="application/json",
            )
            for meeting_id in (there, nowhere)
        ]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].content == answers[1].content
    for url in (MINE, VISITS):
        assert b"Group B" not in client.get(url).content
        rows = [row for rows in client.get(url).json().values() for row in rows]
        assert there not in [row["meeting_id"] for row in rows if isinstance(row, dict)]


def test_the_host_group_of_another_cohort_is_as_if_it_did_not_exist(client, academy, now):
    other = Academy(now, name="Winter")
    bodies = [
        {"home_meeting_id": academy.meeting("A").pk, "host_meeting_id": host}
        for host in (other.meeting("B").pk, 10**9)
    ]
    answers = [post(client, body) for body in bodies]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content == answers[1].content
    assert "in your cohort" in answers[0].json()["detail"]


def test_a_write_without_the_csrf_token_is_refused(academy, alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert book(client, academy).status_code == 403
    assert not GuestVisit.objects.exists()
