"""Each page, for each kind of person: a table of what is allowed, cell by cell.

`own` is the participant whose meeting and visit are asked for (of groups A and B); `facilitator`
leads group B.  302 is the way to sign in (or, after a form, back to the page); somebody else's
things are 404, as if they did not exist, and the answer is the same to the letter.
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

WHO = ("signed out", "own", "other learner", "facilitator elsewhere", "facilitator", "staff")
IN, NO = 302, 404  # to sign in; as if it did not exist

# page                    signed out, own, other learner, facilitator elsewhere, facilitator, staff
PAGES: dict[str, tuple[int, ...]] = {
    "/meetings/":                          (IN, 200, 200, 200, 200, 200),
    "/meetings/zone/":                     (IN, 200, 200, 200, 200, 200),
    "/meetings/messages/":                 (IN, 200, 200, 200, 200, 200),
    "/meetings/{home}/alternatives/":      (IN, 200, NO, NO, NO, NO),
    "/meetings/visits/{visit}/progress/":  (IN, 200, NO, NO, NO, NO),
    "/groups/":                            (IN, 200, 200, 200, 200, 200),
    "/groups/{group}/":                    (IN, 200, NO, NO, 200, 200),
}  # fmt: skip
FORMS: dict[str, tuple[int, ...]] = {
    "/meetings/{other_home}/visit/":       (IN, 302, NO, NO, NO, NO),
    "/meetings/{host}/visit/cancel/":      (IN, 302, NO, NO, NO, NO),
    "/meetings/{other_home}/answer/":      (IN, 302, NO, NO, NO, NO),
    "/meetings/{host}/answer/":            (IN, 302, NO, NO, 302, NO),
    "/meetings/zone/":                     (IN, 302, 302, 302, 302, 302),
    "/groups/{group}/meetings/{host}/presence/{person}/": (IN, NO, NO, NO, 302, 302),
}  # fmt: skip


def cells(table: dict[str, tuple[int, ...]]) -> list[tuple[str, str, int]]:
    return [
        (page, who, status)
        for page, row in table.items()
        for who, status in zip(WHO, row, strict=True)
    ]


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


@pytest.mark.parametrize(("address", "who", "status"), cells(PAGES))
def test_who_sees_a_page(client_of, ids, address, who, status):
    answer = client_of(who).get(address.format(**ids))
    assert answer.status_code == status
    if who == "signed out":
        assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(("address", "who", "status"), cells(FORMS))
def test_who_may_send_a_form(client_of, ids, academy, address, who, status):
    form = {"host": academy.meeting("B", 2).pk, "zone": "Asia/Tokyo", "rsvp": "tentative"}
    before = set(GuestVisit.objects.values_list("pk", "ended_at"))
    answer = client_of(who).post(address.format(**ids), form)
    assert answer.status_code == status
    if who != "own":
        assert set(GuestVisit.objects.values_list("pk", "ended_at")) == before


@pytest.mark.parametrize("who", ["other learner", "facilitator elsewhere", "staff"])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/meetings/{}/alternatives/"),
        ("get", "/meetings/visits/{}/progress/"),
        ("post", "/meetings/{}/visit/"),
        ("post", "/meetings/{}/visit/cancel/"),
        ("post", "/meetings/{}/answer/"),
    ],
)
def test_an_id_of_somebody_elses_tells_no_more_than_one_that_does_not_exist(
    client_of, ids, who, method, address
):
    theirs = ids["visit"] if "visits/" in address else ids["home"]
    client = client_of(who)
    answers = [
        getattr(client, method)(address.format(each), {"host": ids["host"], "rsvp": "tentative"})
        for each in (theirs, 10**9)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert words_of(answers[0]) == words_of(answers[1])


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
@pytest.mark.parametrize("identifier", ["0", str(2**63), str(10**40), "9" * 5000, "-1", "x", "%00"])
def test_an_id_that_is_none_is_not_found(client_of, address, identifier):
    for who in ("own", "staff"):
        assert client_of(who).get(address.format(identifier)).status_code == 404


@pytest.mark.parametrize(
    ("address", "method"),
    [
        ("/meetings/", "post"),
        ("/meetings/{home}/alternatives/", "post"),
        ("/meetings/{home}/visit/", "get"),
        ("/meetings/{host}/visit/cancel/", "get"),
        ("/meetings/{home}/answer/", "get"),
        ("/meetings/zone/", "delete"),
        ("/groups/", "post"),
        ("/groups/{group}/", "put"),
        ("/groups/{group}/meetings/{host}/presence/{person}/", "get"),
    ],
)
def test_other_methods_are_refused(client_of, ids, address, method):
    assert getattr(client_of("own"), method)(address.format(**ids)).status_code == 405


def test_a_form_without_its_token_is_refused(visit, ids):
    client = Client(enforce_csrf_checks=True)
    client.force_login(visit.user)
    assert client.post(f"/meetings/{ids['host']}/visit/cancel/").status_code == 403
    visit.refresh_from_db()
    assert visit.is_open


def test_no_page_of_a_person_is_kept_by_a_cache(client_of):
    for page in ("/meetings/", "/groups/"):
        assert "no-store" in client_of("own").get(page).headers["Cache-Control"]
