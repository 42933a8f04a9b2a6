"""How often a person may do something: by HTTP, through the API and the pages."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cohorts.models import Cohort
from guestvisits.models import GuestVisit
from meetings.models import Meeting

pytestmark = pytest.mark.django_db

VISITS = "/api/guest-visits"


@pytest.fixture(autouse=True)
def rates(settings) -> dict[str, str]:
    settings.RATES = {"general": "120/m", "visits": "10/m", "moves": "30/m", "guesses": "20/m"}
    return settings.RATES


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "A")


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def check_refused(answer: Any) -> None:
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert "too often in a short time. Try again in" in answer.content.decode()


def check_refused_by_the_api(answer: Any) -> None:
    check_refused(answer)
    said = answer.json()
    assert said["code"] == "throttled"
    assert said["detail"] == said["sentence"]


def book(client: Client, academy) -> Any:
    ids = {"home_meeting_id": academy.meeting("A").pk, "host_meeting_id": academy.meeting("B").pk}
    return client.post(VISITS, json.dumps(ids), content_type="application/json")


def test_a11_bookings_and_cancellations_are_limited_in_the_api_and_on_the_pages_together(
    academy, alice
):
    home, host = academy.meeting("A").pk, academy.meeting("B").pk
    client, elsewhere = client_of(alice), client_of(alice)
    for _ in range(3):
        assert book(client, academy).status_code == 200
        assert client.delete(f"{VISITS}/{host}").status_code == 200
    for _ in range(2):
        assert elsewhere.post(f"/meetings/{home}/visit/", {"host": host}).status_code == 302
        assert elsewhere.post(f"/meetings/{host}/visit/cancel/").status_code == 302
    check_refused_by_the_api(book(client, academy))
    check_refused(elsewhere.post(f"/meetings/{home}/visit/", {"host": host}))
    assert GuestVisit.objects.count() == 5
    # Reading goes on, and so does everyone else.
    assert client.get(VISITS).status_code == 200
    assert book(client_of(academy.add_member("Carol", "A")), academy).status_code == 200


def test_a11_two_hundred_calls_of_one_person_are_too_many(academy, alice):
    client = client_of(alice)
    answers = [client.get(VISITS) for _ in range(121)]
    assert {answer.status_code for answer in answers[:120]} == {200}
    check_refused_by_the_api(answers[120])
    assert client_of(academy.add_member("Carol", "A")).get(VISITS).status_code == 200


def test_a11_moves_are_limited_in_the_api_and_on_the_pages(academy, bob, rates):
    rates["moves"] = "2/m"
    group, meeting = academy.groups["A"].pk, academy.meeting("A").pk
    client = client_of(bob)
    address = f"/api/groups/{group}/meetings"
    later = {"starts_at": (academy.now + timedelta(days=40)).isoformat()}
    assert client.post(address, later, content_type="application/json").status_code == 200
    page = f"/groups/{group}/meetings/{meeting}/cancel/"
    assert client.post(page, {}).status_code == 200  # the preview
    check_refused(client.post(page, {}))
    check_refused_by_the_api(client.post(address, later, content_type="application/json"))
    assert client.get(page).status_code == 200
    assert client.get(address).status_code == 200


@pytest.mark.matrix
def test_requests_for_substitutes_are_limited_in_the_api_as_on_the_pages(academy, bob, rates):
    rates["moves"] = "1/m"
    address = f"/api/meetings/{academy.meeting('A').pk}/substitute"
    assert client_of(bob).post(address).status_code == 200
    check_refused_by_the_api(client_of(bob).post(address))
    check_refused_by_the_api(client_of(bob).post("/api/substitutes/1", {"answer": "lead"}))


def test_a11_guesses_of_a_feeds_address_are_limited_and_true_ones_are_not_counted(alice):
    client_of(alice).post("/meetings/calendar/", {})
    feed = f"/calendar/{alice.calendar_feed.token}.ics"
    stranger = Client()
    assert {stranger.get(feed).status_code for _ in range(30)} == {200}
    guesses = [stranger.get(f"/calendar/guess-{number}.ics") for number in range(21)]
    assert [guess.status_code for guess in guesses] == [404] * 20 + [429]
    check_refused(guesses[-1])
    assert Client(REMOTE_ADDR="10.0.0.7").get(feed).status_code == 200


def test_a11_a_form_of_the_pages_is_limited_like_a_call_of_the_api(alice, rates):
    rates["general"] = "1/m"
    client = client_of(alice)
    assert client.post("/meetings/calendar/", {}).status_code == 302
    check_refused(client.post("/meetings/calendar/", {"do": "revoke"}))
    check_refused_by_the_api(client.get(VISITS))


@pytest.mark.parametrize(("setting", "most"), [(None, 60), (7, 7)])
def test_a11_a_group_holds_at_most_sixty_meetings_or_as_many_as_its_cohort_says(
    academy, bob, setting, most, rates
):
    rates["moves"] = None
    Cohort.objects.update(meetings_per_group=setting)
    group = academy.groups["A"]
    Meeting.objects.bulk_create(
        Meeting(
            group=group,
            number=number,
            starts_at=academy.now + timedelta(days=100 + number),
            duration_minutes=60,
        )
        for number in range(5, most)
    )
    client = client_of(bob)
    when = [academy.now + timedelta(days=50, hours=hours) for hours in (0, 5)]
    answers = [
        client.post(
            f"/api/groups/{group.pk}/meetings",
            {"starts_at": moment.isoformat()},
            content_type="application/json",
        )
        for moment in when
    ]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["code"] == "too_many_meetings"
    assert f"maximum is {most}" in answers[1].json()["sentence"]
    assert group.meetings.count() == most
