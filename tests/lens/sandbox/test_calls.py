"""The journal: what came in, what became of it, and nothing that is secret."""

import json

import pytest
import requests

from lens.sandbox.bodies import parse_body
from lens.sandbox.journal import Call, Journal
from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RefusedError, RunningSandbox


def test_each_call_is_numbered_with_its_body_and_its_answer(
    shelves: RunningSandbox, kitchen: Client, office: Client
) -> None:
    kitchen.post("/things?why=tea", {"name": "cup"})
    office.get("/things")
    first, second = shelves.calls()
    assert [first["number"], first["service"], first["method"]] == [1, "kitchen", "POST"]
    assert [first["path"], first["query"]] == ["/kitchen/things", {"why": "tea"}]
    assert [first["body"], first["status"], first["response"]] == [
        {"name": "cup"},
        201,
        {"name": "cup"},
    ]
    assert [second["number"], second["service"], second["response"]] == [2, "office", []]


def test_only_a_change_that_was_made_counts_as_written(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    kitchen.get("/things")
    kitchen.post("/things", {"no name": 1})
    kitchen.post("/things", {"name": "cup"})
    assert [call["wrote"] for call in shelves.calls()] == [False, False, True]


@pytest.mark.parametrize(("inner", "wrote"), [("GET /a HTTP/1.1", False), ("POST /a", True)])
def test_a_batch_writes_when_one_of_its_parts_does(
    shelves: RunningSandbox, office: Client, inner: str, wrote: bool
) -> None:
    body = f"--x\r\nContent-Type: application/http\r\n\r\n{inner}\r\n\r\n--x--".encode()
    office.call("POST", "/batch", body, {"Content-Type": "multipart/mixed; boundary=x"})
    assert [call["wrote"] for call in shelves.calls()] == [wrote]


def test_calls_since_a_number_leave_out_what_came_before(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    kitchen.get("/things")
    seen = shelves.last
    kitchen.post("/things", {"name": "cup"})
    assert [call["method"] for call in shelves.calls(seen)] == ["POST"]


def test_of_a_credential_only_its_scheme_is_kept(shelves: RunningSandbox, kitchen: Client) -> None:
    kitchen.get("/things", Authorization="Bot sandbox-secret", Cookie="secret")
    (call,) = shelves.calls()
    assert call["auth_scheme"] == "Bot"
    assert "secret" not in str(call)


def test_control_endpoints_and_the_page_are_no_calls(shelves: RunningSandbox) -> None:
    shelves.get("state")
    shelves.post("kitchen/settings", 1)
    assert shelves.calls() == []


def test_a_number_that_is_none_is_refused_in_a_sentence(shelves: RunningSandbox) -> None:
    with pytest.raises(RefusedError, match="“since” must be the number of a call; it is “soon”"):
        shelves.get("calls?since=soon")


def test_a_bug_in_a_service_is_answered_in_its_form_and_reported(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    answer = kitchen.get("/broken")
    assert [answer.status, answer.body["message"]] == [500, "kitchen says 500"]
    assert shelves.calls()[0]["crash"] == "RuntimeError: the shelf fell over"


def test_an_unknown_endpoint_is_refused_in_the_services_own_form(kitchen: Client) -> None:
    assert kitchen.get("/nothing/here").body["message"] == "kitchen says 404"
    assert kitchen.call("DELETE", "/things").body["message"] == "kitchen says 405"


def make_call(size: int) -> Call:
    return Call(
        service="kitchen",
        method="GET",
        path="/",
        query_string="",
        headers={},
        auth_scheme=None,
        raw_body=b"x" * size,
        client=None,
        started=0.0,
    )


def test_the_journal_forgets_the_oldest_calls_first() -> None:
    journal = Journal(max_calls=2)
    for _ in range(3):
        call = make_call(1)
        journal.add(call)
        journal.finish(call)
    shown = journal.describe(0)
    assert [call["number"] for call in shown["calls"]] == [2, 3]
    assert [shown["first"], shown["last"]] == [2, 3]


def test_the_journal_is_bounded_by_the_size_of_bodies_too() -> None:
    journal = Journal(max_bytes=100)
    for size in (60, 30, 50):
        call = make_call(size)
        journal.add(call)
        journal.finish(call)
    assert [call["number"] for call in journal.describe(0)["calls"]] == [2, 3]


def test_no_credential_of_a_sign_in_is_kept(sandbox: RunningSandbox) -> None:
    secrets = {"code": "of-somebody", "client_secret": "sandbox-of-lens", "refresh_token": "again"}
    answer = requests.post(
        f"{sandbox.url}/api/oauth2/token",
        data={**secrets, "client_id": "100000000000000002", "grant_type": "refresh_token"},
        timeout=10,
    )
    assert answer.json() == {"error": "invalid_grant"}
    [call] = sandbox.calls()
    assert "grant_type=refresh_token" in call["body"]
    assert not any(secret in json.dumps(call) for secret in secrets.values())


def test_no_token_that_is_given_is_kept() -> None:
    given = b'{"access_token": "xyz", "refresh_token": "uvw", "expires_in": 7}'
    assert parse_body(given, "application/json") == {
        "access_token": "(hidden)",
        "refresh_token": "(hidden)",
        "expires_in": 7,
    }
    assert parse_body(b'{"message": "no", "code": 50013}', "application/json")["code"] == 50013
