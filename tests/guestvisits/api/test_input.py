"""No input makes the API fail: every error is JSON with a code and a sentence."""

import json

import pytest
from django.db import connection
from django.test import Client

from tests.guestvisits.api.asking import MINE, VISITS, book, options, post
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


# -- bad input ------------------------------------------------------------------------------------


HUGE = 10**40
BAD_IDS = [
    "",
    "x",
    "1.5",
    "-1",
    "0",
    str(HUGE),
    "1 OR 1=1",
    "null",
    "[]",
    "%00",
    "1e3",
    "9" * 5000,
]


@pytest.mark.parametrize("meeting_id", BAD_IDS)
def test_a_bad_id_in_the_query_is_a_400(client, meeting_id):
    answer = client.get(options(meeting_id))
    assert answer.status_code in {400, 404}
    assert set(answer.json()) == {"code", "sentence", "detail"}


def test_no_id_in_the_query_is_a_400(client):
    answer = client.get(f"{VISITS}/options")
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "bad_input",
        "sentence": "meeting_id: This field is required.",
        "detail": "meeting_id: This field is required.",
    }


BAD_VALUES = [
    None,
    True,
    "x",
    "",
    1.5,
    -1,
    0,
    HUGE,
    float("1e308"),
    [],
    [1],
    {},
    {"a": 1},
    "\u0000",
]


@pytest.mark.parametrize("value", BAD_VALUES)
@pytest.mark.parametrize("field", ["home_meeting_id", "host_meeting_id"])
def test_a_bad_value_in_the_body_is_a_400(client, academy, field, value):
    body = {"home_meeting_id": academy.meeting("A").pk, "host_meeting_id": academy.meeting("B").pk}
    answer = post(client, body | {field: value})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_input"
    assert field in answer.json()["sentence"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b'{"home_meeting_id": 1}',
        b'{"home_meeting_id": NaN, "host_meeting_id": 1}',
        b'{"home_meeting_id": 1e999, "host_meeting_id": 1}',
        b'{"home_meeting_id": ' + b"9" * 5000 + b', "host_meeting_id": 1}',
        b"[" * 100_000,
    ],
)
def test_a_bad_body_is_a_400(client, body):
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_input"


def test_half_of_a_surrogate_pair_is_a_400_also_where_a_refusal_would_quote_it(client, academy):
    address = f"/api/meetings/{academy.meeting('A').pk}/answer"
    answer = client.post(address, rb'{"rsvp": "\ud800"}', content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["sentence"] == "The JSON contains half of a surrogate pair."


def test_another_kind_of_body_is_refused_with_the_reason(client):
    assert client.post(VISITS, {"home_meeting_id": 1}).status_code == 415


@pytest.mark.parametrize("meeting_id", ["0", str(2**63), str(HUGE), "9" * 5000, "x", "-1", "1/"])
def test_cancelling_at_an_address_that_is_none_is_a_404(client, meeting_id):
    assert client.delete(f"{VISITS}/{meeting_id}").status_code == 404


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (MINE, {"get"}),
        (VISITS, {"get", "post"}),
        (f"{VISITS}/options", {"get"}),
        (f"{VISITS}/1", {"delete"}),
    ],
)
def test_other_methods_are_refused(client, url, allowed):
    for method in {"get", "post", "put", "patch", "delete", "trace"} - allowed:
        assert getattr(client, method)(url).status_code == 405


# -- errors everywhere ----------------------------------------------------------------------------


def nowhere(client: Client, academy: Academy):
    return client.get("/api/nowhere")


def other_method(client: Client, academy: Academy):
    return client.put(MINE)


def other_media_type(client: Client, academy: Academy):
    return client.post(VISITS, {"home_meeting_id": 1})


def signed_out(client: Client, academy: Academy):
    return Client().get(MINE)


def without_csrf(client: Client, academy: Academy):
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = client.cookies
    return book(careful, academy)


def unreadable_form(client: Client, academy: Academy):
    careful = Client(enforce_csrf_checks=True, raise_request_exception=False)
    careful.cookies = client.cookies
    careful.cookies["csrftoken"] = "a" * 32
    return careful.post("/api/nowhere", b"x", content_type="multipart/form-data")


def unknown_host(client: Client, academy: Academy):
    return client.get(MINE, headers={"host": "else.where"})


def refused(client: Client, academy: Academy):
    return book(client, academy, "A")


def somebody_elses(client: Client, academy: Academy):
    return client.get(f"/api/meetings/{academy.meeting('B').pk}/people")


def failing(client: Client, academy: Academy):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE meetings_meeting RENAME TO gone")
    return client.get(MINE)


@pytest.mark.parametrize(
    ("ask", "status", "code", "debug"),
    [
        (nowhere, 404, "not_found", False),
        (nowhere, 404, "not_found", True),
        (other_method, 405, "method_not_allowed", False),
        (other_media_type, 415, "unsupported_media_type", False),
        (signed_out, 403, "not_authenticated", False),
        (without_csrf, 403, "csrf_failed", False),
        (unreadable_form, 400, "bad_request", False),
        (unknown_host, 400, "bad_request", False),
        (refused, 400, "own_group", False),
        (somebody_elses, 404, "no_meeting", False),
        (failing, 500, "failure", False),
        (failing, 500, "failure", True),
    ],
)
def test_a14_every_error_is_json_with_detail_code_and_sentence(
    client, academy, settings, ask, status, code, debug
):
    settings.DEBUG = debug
    answer = ask(client, academy)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    said = answer.json()
    assert said == {"detail": said["sentence"], "code": code, "sentence": said["sentence"]}
    assert said["sentence"].endswith(".")


def test_a14_answers_of_the_api_are_never_stored(client):
    assert client.get(MINE)["Cache-Control"] == "no-store"


@pytest.mark.parametrize("not_a_boolean", [0, 1, "on", "yes", "false", None, []])
def test_a14_only_true_and_false_are_booleans(client, not_a_boolean):
    wish = json.dumps({"wants_email": True, "wants_discord": not_a_boolean})
    answer = client.patch("/api/users/me/messages", wish, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
