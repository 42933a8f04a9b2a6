"""Rate limits: off until they are requested, then counted for each service in its own form."""

import time

import pytest

from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RefusedError, RunningSandbox

ONE_PER_HOUR = {"rules": [{"name": "things", "path": "/things", "limit": 1, "window": 3600}]}


def test_nothing_is_limited_until_it_is_requested(shelves: RunningSandbox, kitchen: Client) -> None:
    answers = [kitchen.get("/things") for _ in range(60)]
    assert {answer.status for answer in answers} == {200}
    assert "Left" not in answers[0].headers


def test_what_is_left_is_announced_in_the_services_own_headers(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_limits(kitchen={"rules": [{"name": "all", "limit": 5, "window": 60}]})
    headers = kitchen.get("/things").headers
    assert headers["Left"] == "all: 4 of 5"
    assert 59 < float(headers["Reset-After"]) <= 60


def test_b8_a_window_can_begin_with_calls_already_spent(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    rule = {"name": "all", "path": "/things", "limit": 250, "window": 101_995, "spent": 26}
    shelves.set_limits(kitchen={"rules": [rule]})
    left = [kitchen.get("/things").headers["Left"] for _ in range(2)]
    assert left == ["all: 223 of 250", "all: 222 of 250"]


def test_a_full_window_refuses_in_the_services_own_form(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_limits(kitchen=ONE_PER_HOUR)
    kitchen.get("/things")
    refusal = kitchen.get("/things")
    assert [refusal.status, refusal.body["limit"]] == [429, "rule"]
    assert 3590 < refusal.body["retry_after"] <= 3600
    assert refusal.headers["Left"] == "things: 0 of 1"
    assert [call["fault"] for call in shelves.calls()] == [None, "limit"]


def test_a_client_that_waits_as_long_as_requested_is_served(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_limits(kitchen=ONE_PER_HOUR, scale=0.00005)
    kitchen.get("/things")
    refusal = kitchen.get("/things")
    time.sleep(refusal.body["retry_after"])  # the wait is what is tested
    assert kitchen.get("/things").status == 200


def test_each_value_of_a_paths_groups_has_its_own_window(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    rule = {"path": r"/things/(\w+)", "limit": 1, "window": 3600}
    shelves.set_limits(kitchen={"rules": [rule]})
    statuses = [kitchen.patch(f"/things/{name}", {"name": name}).status for name in ("a", "b", "a")]
    assert statuses == [201, 201, 429]


def test_a_limit_that_is_not_announced_refuses_with_calls_left(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    hidden = {"body": ["name"], "limit": 1, "window": 3600, "announced": False}
    shelves.set_limits(kitchen={"rules": [hidden, {"name": "all", "limit": 9, "window": 60}]})
    assert kitchen.post("/things", {"name": "cup"}).headers["Left"] == "all: 8 of 9"
    refusal = kitchen.post("/things", {"name": "mug"})
    assert [refusal.status, refusal.headers["Left"]] == [429, "all: 8 of 9"]
    assert refusal.body["retry_after"] > 3000
    assert kitchen.get("/things").status == 200


def test_the_global_limit_counts_all_calls(shelves: RunningSandbox, kitchen: Client) -> None:
    shelves.set_limits(kitchen={"global": [1, 3600]})
    assert kitchen.get("/things").status == 200
    refusal = kitchen.post("/things", {"name": "cup"})
    assert [refusal.status, refusal.body["limit"]] == [429, "global"]


def test_too_many_refused_calls_end_in_a_ban(shelves: RunningSandbox, kitchen: Client) -> None:
    shelves.set_limits(kitchen={**ONE_PER_HOUR, "refused": [3, 600]})
    answers = [kitchen.get("/things") for _ in range(6)]
    assert [a.status for a in answers] == [200, 429, 429, 429, 429, 429]
    assert [a.body["limit"] for a in answers[1:]] == ["rule", "rule", "rule", "ban", "ban"]
    assert shelves.get("limits")["refused_calls"] == {"kitchen": 5}


def test_a_batch_costs_as_many_calls_as_it_has_parts(
    shelves: RunningSandbox, office: Client
) -> None:
    shelves.set_limits(office={"global": [3, 60]})
    body = b"--x\r\n\r\nGET /a HTTP/1.1\r\n\r\n--x\r\n\r\nGET /b HTTP/1.1\r\n\r\n--x--"
    batch = {"Content-Type": "multipart/mixed; boundary=x"}
    statuses = [office.call("POST", "/batch", body, batch).status for _ in range(2)]
    assert statuses == [200, 429]
    assert office.get("/things").status == 200


def test_the_known_limits_are_requested_by_the_services_name(shelves: RunningSandbox) -> None:
    shelves.set_limits(kitchen=True, scale=0.01)
    shown = shelves.get("limits")
    assert "office" not in shown
    assert shown["kitchen"]["global"] == [50, 0.01]
    assert shown["kitchen"]["rules"] == [
        {"name": "things", "limit": 5, "window": 0.6, "announced": True}
    ]


def test_a_fault_does_not_count_calls_that_the_limits_refused(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    shelves.set_limits(kitchen=ONE_PER_HOUR)
    shelves.set_faults({"kind": "drop", "path": "nothing"}, {"kind": "slow", "seconds": 0})
    for _ in range(3):
        kitchen.get("/things")
    assert [fault["matched"] for fault in shelves.get("faults")] == [0, 1]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"slack": True}, "Limits can be set for kitchen and office, with a “scale”, not slack"),
        ({"kitchen": True, "scale": 0}, "“scale” must be a number above 0; it is 0"),
        ({"kitchen": {"gloabl": [1, 1]}}, "A service's limits can have global, refused, rules"),
        ({"kitchen": {"global": [0, 1]}}, "“global” needs a number of calls and of seconds"),
        ({"kitchen": {"rules": {}}}, "“rules” must be a list"),
        (
            {"kitchen": {"rules": [{"limit": 1, "window": 1, "body": "x"}]}},
            "a list of names; it is x",
        ),
        (
            {"kitchen": {"rules": [{"limit": 1, "window": 1, "spent": -1}]}},
            "“spent” must be a number",
        ),
        ({"kitchen": {"rules": [{"limit": 1}]}}, "“rule” needs a number of calls and of seconds"),
        (
            {"kitchen": {"rules": [{"limit": 1, "window": 1, "path": "["}]}},
            "not a regular expression",
        ),
    ],
)
def test_limits_that_are_not_understood_are_refused_in_a_sentence(
    shelves: RunningSandbox, limits: dict[str, object], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        shelves.post("limits", limits)
    assert "kitchen" not in shelves.get("limits")
