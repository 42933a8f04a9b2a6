"""Faults: which calls they hit, and what the client and the service see of each kind."""

from http.client import RemoteDisconnected
from typing import Any

import pytest

from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RefusedError, RunningSandbox

CUP = {"name": "cup"}
SAUCER = {"name": "saucer"}


def things(shelves: RunningSandbox) -> list[str]:
    return list(shelves.get("state")["kitchen"]["things"])


def test_an_error_before_the_effect_leaves_the_service_unchanged(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_faults({"kind": "error", "status": 403, "code": 50013, "message": "No."})
    answer = kitchen.post("/things", CUP)
    assert [answer.status, answer.body] == [403, {"message": "No.", "code": 50013}]
    assert things(shelves) == []
    (call,) = shelves.calls()
    assert [call["wrote"], call["injected"], call["fault"]] == [False, True, "error"]


def test_an_error_after_the_effect_reports_nothing_of_it_to_the_client(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_faults({"kind": "error_after", "status": 500})
    assert kitchen.post("/things", CUP).status == 500
    assert things(shelves) == ["cup"]
    (call,) = shelves.calls()
    assert [call["wrote"], call["status"], call["effect_status"]] == [True, 500, 201]


@pytest.mark.parametrize(
    ("kind", "left"), [("drop", []), ("unreachable", []), ("drop_after", ["cup"])]
)
def test_a_lost_answer_closes_the_connection_before_or_after_the_effect(
    shelves: RunningSandbox, kitchen: Client, kind: str, left: list[str]
) -> None:
    shelves.set_faults({"kind": kind})
    with pytest.raises(RemoteDisconnected):
        kitchen.post("/things", CUP)
    assert things(shelves) == left
    (call,) = shelves.calls()
    assert [call["status"], call["wrote"]] == [None, bool(left)]


def test_a_rate_limit_says_how_long_to_wait(shelves: RunningSandbox, kitchen: Client) -> None:
    shelves.set_faults({"kind": "rate_limit", "retry_after": 0.25})
    answer = kitchen.get("/things")
    assert [answer.status, answer.body["retry_after"]] == [429, 0.25]


@pytest.mark.parametrize(("kind", "left"), [("hold", []), ("hold_after", ["cup"])])
def test_a_held_call_goes_on_when_the_fault_is_cleared(
    shelves: RunningSandbox, kitchen: Client, kind: str, left: list[str]
) -> None:
    shelves.set_faults({"kind": kind})
    answer = kitchen.later("POST", "/things", CUP)
    assert shelves.wait_for_call(held=True)["status"] is None
    assert things(shelves) == left
    shelves.set_faults()
    assert answer.result(10).status == 201
    assert things(shelves) == ["cup"]


@pytest.mark.parametrize(("kind", "left"), [("hold", []), ("hold_after", ["cup"])])
def test_a_client_that_dies_while_held_ends_the_call(
    shelves: RunningSandbox, kitchen: Client, kind: str, left: list[str]
) -> None:
    shelves.set_faults({"kind": kind})
    connection = kitchen.connect()
    connection.request("POST", "/kitchen/things", '{"name": "cup"}')
    shelves.wait_for_call(held=True)
    connection.close()
    assert shelves.wait_for_call(held=False)["status"] is None
    shelves.set_faults()
    assert things(shelves) == left


def test_a_slow_service_finishes_after_its_client_has_gone(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_faults({"kind": "slow", "seconds": 0.1})
    connection = kitchen.connect()
    connection.request("POST", "/kitchen/things", '{"name": "cup"}')
    shelves.wait_for_call(method="POST")
    connection.close()
    shelves.wait_for_call(wrote=True)
    assert things(shelves) == ["cup"]


def test_clearing_the_faults_ends_slowness_at_once(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_faults({"kind": "slow_after", "seconds": 3600})
    answer = kitchen.later("GET", "/things")
    shelves.wait_for_call(method="GET")
    shelves.set_faults()
    assert answer.result(10).status == 200


def test_a_reset_takes_the_effect_from_calls_still_under_way(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_faults({"kind": "hold"})
    answer = kitchen.later("POST", "/things", CUP)
    shelves.wait_for_call(held=True)
    shelves.reset()
    with pytest.raises(RemoteDisconnected):
        answer.result(10)
    assert things(shelves) == []
    assert shelves.calls() == []


def test_something_is_deleted_by_hand_just_before_a_call(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    kitchen.post("/things", CUP)
    shelves.set_faults(
        {"kind": "delete", "method": "GET", "control": "take_away", "argument": "cup", "nth": 1}
    )
    assert kitchen.get("/things").body == []


def test_half_of_a_listing_is_missing(shelves: RunningSandbox, kitchen: Client) -> None:
    for name in ("cup", "saucer", "spoon"):
        kitchen.post("/things", {"name": name})
    shelves.set_faults({"kind": "truncate", "keep": 0.5})
    assert kitchen.get("/things").body == [CUP]
    shelves.set_faults()
    assert len(kitchen.get("/things").body) == 3


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        ({"service": "office"}, [False, False, False]),
        ({"method": "POST"}, [True, True, False]),
        ({"method": "post|get"}, [True, True, True]),
        ({"path": "/things$"}, [True, True, True]),
        ({"path": "^/things$"}, [False, False, False]),
        ({"body": ["name"]}, [True, True, False]),
        ({"body": ["name", "colour"]}, [False, True, False]),
        ({"wrote": True}, [True, True, False]),
        ({"wrote": False}, [False, False, True]),
        ({"nth": 2}, [False, True, False]),
        ({"every": 2}, [False, True, False]),
        ({"times": 2}, [True, True, False]),
        ({"method": "GET", "nth": 1}, [False, False, True]),
    ],
)
def test_a_fault_hits_the_calls_it_describes(
    shelves: RunningSandbox, kitchen: Client, fault: dict[str, Any], hit: list[bool]
) -> None:
    shelves.set_faults({"kind": "error", "status": 418, **fault})
    kitchen.post("/things", CUP)
    kitchen.post("/things", {"name": "mug", "colour": "blue"})
    kitchen.get("/things")
    assert [call["status"] == 418 for call in shelves.calls()] == hit
    assert shelves.get("faults")[0]["hits"] == sum(hit)


def test_after_the_effect_only_changes_that_were_made_are_counted(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_faults({"kind": "error_after", "status": 500, "wrote": True, "nth": 2})
    statuses = [kitchen.post("/things", body).status for body in (CUP, {"no name": 1}, SAUCER, CUP)]
    assert statuses == [201, 400, 500, 201]


def test_of_two_faults_the_first_answers(shelves: RunningSandbox, kitchen: Client) -> None:
    shelves.set_faults(
        {"kind": "slow", "seconds": 0},
        {"kind": "error", "status": 502},
        {"kind": "error", "status": 503},
    )
    assert kitchen.get("/things").status == 502
    assert [fault["hits"] for fault in shelves.get("faults")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "gremlin"}, "Fault 1: “kind” must be one of unreachable, error"),
        ("drop", "Fault 1: it must be an object"),
        ({"kind": "drop", "nht": 1}, "Fault 1: “nht” not allowed here. Allowed: “body”, “every”"),
        ({"kind": "drop", "status": 500}, "“status” not allowed here"),
        ({"kind": "error"}, "“error” needs “status”"),
        ({"kind": "error", "status": 200}, "“status” must be a status from 400 to 599; it is 200"),
        ({"kind": "drop", "nth": 0}, "“nth” must be a number from 1; it is 0"),
        ({"kind": "drop", "path": "("}, "“path” is not a regular expression"),
        ({"kind": "drop", "service": "slack"}, "“service” must be “kitchen” or “office”"),
        ({"kind": "delete", "control": "burn"}, "there is no control “burn”"),
    ],
)
def test_a_fault_that_is_not_understood_is_refused_in_a_sentence(
    shelves: RunningSandbox, fault: Any, sentence: str
) -> None:
    shelves.set_faults({"kind": "drop", "path": "nothing"})
    with pytest.raises(RefusedError, match=sentence.replace("(", r"\(")):
        shelves.post("faults", [fault])
    assert [f["kind"] for f in shelves.get("faults")] == ["drop"]
