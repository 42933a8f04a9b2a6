"""What is answered where no view answers."""

from __future__ import annotations

import pytest
from django.core.signals import got_request_exception
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cohorts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("olga@example.org", None, name="Olga"))
    return client


@pytest.mark.parametrize("path", ["/nowhere/", "/meetings/0/alternatives/", "/admin/nowhere/"])
def test_a13_a_form_without_a_boundary_is_a_400_and_no_failure(path: str) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32
    failures: list[object] = []

    def note(**told: object) -> None:
        failures.append(told)

    got_request_exception.connect(note)
    try:
        answer = client.post(path, b"x", content_type="multipart/form-data")
    finally:
        got_request_exception.disconnect(note)
    assert answer.status_code == 400
    assert failures == []


def test_a_page_that_is_missing_leads_staff_to_today_and_learners_to_their_meetings(
    staff: Client,
) -> None:
    learner = Client()
    learner.force_login(User.objects.create_user("ann@example.org", name="Ann"))
    assert "Go to Today" in staff.get("/admin/nowhere/").content.decode()
    assert "Go to my meetings" in learner.get("/nowhere/").content.decode()


# -- a zero byte, which no text in PostgreSQL can hold -------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/admin/outbox/message/?kind__exact=%00",
        "/admin/calendarsync/observedrsvp/?own=%00",
        "/admin/autocomplete/?app_label=cohorts&model_name=membership&field_name=user&term=%00",
    ],
)
def test_a_zero_byte_in_a_query_is_refused(staff: Client, address: str) -> None:
    answer = staff.get(address)
    assert answer.status_code == 400
    assert "This request is invalid" in answer.content.decode()


@pytest.mark.parametrize("path", ["/admin/bot/botheartbeat/%00/change/", "/groups/%00/"])
def test_no_page_has_a_zero_byte_in_its_path(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/meetings/", "/nowhere/", "/sign-in/"])
def test_a_zero_byte_in_a_cookie_is_refused(client: Client, path: str) -> None:
    answer = client.get(path, headers={"Cookie": r'sessionid="\000aaaaaaaaaaaa"'})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"item=%00", "application/x-www-form-urlencoded"),
        (encode_multipart(BOUNDARY, {"item": "\0"}), MULTIPART_CONTENT),
    ],
)
def test_a_zero_byte_in_a_form_is_refused(staff: Client, sent: bytes, kind: str) -> None:
    assert staff.generic("POST", "/admin/today/show-again/", sent, kind).status_code == 400


def test_the_api_refuses_a_zero_byte_as_json(staff: Client) -> None:
    answer = staff.get("/api/visits/mine?meeting_id=%00")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
