"""An id of someone else's is answered like an id that does not exist.

`own` is the participant whose meeting and visit are asked for (of groups A and B); `facilitator`
leads group B.  Who may open which page is in tests/rights.
"""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.http import HttpResponse
from django.test import Client

from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from tests.support.academy import Academy
from tests.support.second_factor import sign_in

pytestmark = pytest.mark.django_db


def words_of(answer: HttpResponse) -> str:
    """Everything but the token of the form for signing out, which is another each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", answer.content.decode())


@pytest.fixture
def visit(academy: Academy, now: datetime) -> GuestVisit:
    return book_visit(
        academy.add_member("Alice", "A").pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )


@pytest.fixture
def ids(academy: Academy, visit: GuestVisit) -> dict[str, int]:
    return {
        "home": academy.meeting("A").pk,
        "host": academy.meeting("B").pk,
        "other_home": academy.meeting("A", 2).pk,
        "group": academy.groups["B"].pk,
        "visit": visit.pk,
        "person": visit.user.pk,
    }


@pytest.fixture
def client_of(academy: Academy, visit: GuestVisit, settings) -> Callable[[str], Client]:
    settings.REQUIRE_STAFF_MFA = True
    people = {
        "own": visit.user,
        "other learner": academy.add_member("Carol", "C"),
        "facilitator elsewhere": academy.add_facilitator("Dora", "C"),
        "facilitator": academy.add_facilitator("Bob", "B"),
        "staff": academy.add_person("Sam", is_staff=True, is_superuser=True),
    }

    def client_of(who: str) -> Client:
        client = Client()
        if who in people:
            sign_in(people[who], client)
        return client

    return client_of


OF_A_MEETING = [
    ("get", "/meetings/{}/alternatives/"),
    ("get", "/meetings/visits/{}/progress/"),
    ("post", "/meetings/{}/visit/"),
    ("post", "/meetings/{}/visit/cancel/"),
    ("post", "/meetings/{}/answer/"),
]


@pytest.mark.parametrize("who", ["other learner", "facilitator elsewhere", "staff"])
def test_an_id_of_another_person_reveals_no_more_than_one_that_does_not_exist(client_of, ids, who):
    client = client_of(who)
    said = {"host": ids["host"], "rsvp": "tentative"}
    for method, address in OF_A_MEETING:
        theirs = ids["visit"] if "visits/" in address else ids["home"]
        answers = [getattr(client, method)(address.format(each), said) for each in (theirs, 10**9)]
        assert [answer.status_code for answer in answers] == [404, 404], address
        assert words_of(answers[0]) == words_of(answers[1]), address


@pytest.mark.parametrize("who", ["other learner", "facilitator elsewhere"])
def test_a_group_of_others_is_as_one_that_does_not_exist(client_of, ids, who):
    client = client_of(who)
    answers = [client.get(f"/groups/{each}/") for each in (ids["group"], 10**9)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert words_of(answers[0]) == words_of(answers[1])


def test_staff_see_no_group_that_does_not_exist(client_of):
    assert client_of("staff").get(f"/groups/{10**9}/").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/meetings/{}/alternatives/",
        "/meetings/visits/{}/progress/",
        "/groups/{}/",
        "/groups/{0}/meetings/{0}/presence/{0}/",
    ],
)
def test_an_id_that_is_none_is_not_found(client_of, address):
    for who in ("own", "staff"):
        client = client_of(who)
        for identifier in ("0", str(2**63), str(10**40), "9" * 5000, "-1", "x", "%00"):
            assert client.get(address.format(identifier)).status_code == 404, (who, identifier)


def test_a_form_without_its_token_is_refused(visit, ids):
    client = Client(enforce_csrf_checks=True)
    client.force_login(visit.user)
    assert client.post(f"/meetings/{ids['host']}/visit/cancel/").status_code == 403
    visit.refresh_from_db()
    assert visit.is_open


def test_no_page_of_a_person_is_kept_by_a_cache(client_of):
    for page in ("/meetings/", "/groups/"):
        assert "no-store" in client_of("own").get(page).headers["Cache-Control"]
