"""The control endpoints: changes by hand, the clock, and reset."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RefusedError, RunningSandbox


def test_the_endpoints_are_listed(shelves: RunningSandbox) -> None:
    shown = shelves.get("")
    assert "GET /_sandbox/state" in shown["doors"]
    assert shown["controls"]["kitchen"] == ["settings", "take_away"]


def test_a_control_that_one_service_has_is_reached_by_its_name_alone(
    shelves: RunningSandbox, kitchen: Client, office: Client
) -> None:
    kitchen.post("/things", {"name": "cup"})
    assert shelves.post("kitchen/take_away", "cup") == {}
    assert kitchen.get("/things").body == []


def test_a_control_that_both_have_is_used_by_service_name(shelves: RunningSandbox) -> None:
    with pytest.raises(
        RefusedError, match="/_sandbox/kitchen/settings or /_sandbox/office/settings"
    ):
        shelves.post("settings", {"loud": True})
    assert shelves.post("office/settings", {"loud": True}) == {"office": {"loud": True}}


def test_a_refusal_of_a_service_is_returned_as_its_sentence(shelves: RunningSandbox) -> None:
    with pytest.raises(RefusedError, match="there is no cup"):
        shelves.post("kitchen/take_away", "cup")


@pytest.mark.parametrize("path", ["burn", "kitchen/burn", "slack/settings", "state"])
def test_an_unknown_endpoint_is_reported_with_the_list_of_endpoints(
    shelves: RunningSandbox, path: str
) -> None:
    with pytest.raises(
        RefusedError, match=f"There is no POST /_sandbox/{path}. GET /_sandbox/ lists"
    ):
        shelves.post(path)


def test_broken_json_is_explained_in_a_sentence(shelves: RunningSandbox) -> None:
    answer = Client(shelves.url).call("POST", "/_sandbox/faults", b"[{")
    assert answer.status == 400
    assert answer.body["error"].startswith("The body is not JSON")


def test_the_clock_is_set_moved_and_goes_on(shelves: RunningSandbox) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    shelves.set_clock(noon)
    shelves.advance_clock(3600)
    now = datetime.fromisoformat(shelves.get("clock")["now"])
    assert noon + timedelta(hours=1) <= now < noon + timedelta(hours=1, minutes=1)
    shelves.post("clock", {"offset_seconds": -60})
    assert shelves.get("clock")["offset_seconds"] == -60


def test_what_depends_on_time_lives_and_dies_by_the_clock(
    shelves: RunningSandbox, kitchen: Client
) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    kitchen.post("/things", {"name": "ice", "until": until})
    assert len(kitchen.get("/things").body) == 1
    shelves.advance_clock(3601)
    assert shelves.get("state")["kitchen"]["things"] == {}
    assert kitchen.get("/things").body == []


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"now": "soon"}, "“soon” is not an ISO 8601 time"),
        ({"now": "2026-03-01T12:00:00"}, "has no time zone"),
        ({"now": "1850-01-01T00:00:00Z"}, "from the year 2000 to the year 2200"),
        ({"advance_seconds": 1e300}, "is too many"),
        ({"now": "2026-03-01T12:00:00Z", "advance_seconds": 1}, "Send one of"),
        ({}, "Send one of"),
        (None, "Send one of"),
    ],
)
def test_a_time_that_is_not_understood_is_refused_in_a_sentence(
    shelves: RunningSandbox, wish: Any, sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        shelves.post("clock", wish)
    assert shelves.get("clock")["offset_seconds"] == 0


def test_a_reset_restores_the_first_state(shelves: RunningSandbox, kitchen: Client) -> None:
    kitchen.post("/things", {"name": "cup"})
    shelves.set_faults({"kind": "drop"})
    shelves.set_limits(kitchen=True)
    shelves.advance_clock(60)
    shelves.reset()
    state = shelves.get("state")
    assert state["kitchen"] == {"things": {}}
    assert [state["faults"], state["offset_seconds"], state["last_call"]] == [[], 0, 0]
    assert state["limits"] == {"scale": 1.0, "refused_calls": {}}
    assert shelves.calls() == []


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_page_from_elsewhere_cannot_reach_it(
    shelves: RunningSandbox, headers: dict[str, str]
) -> None:
    assert Client(shelves.url).call("POST", "/_sandbox/reset", headers=headers).status == 403


def test_a_page_of_this_machine_can(shelves: RunningSandbox) -> None:
    origin = {"Origin": "http://localhost:8000"}
    assert Client(shelves.url).call("POST", "/_sandbox/reset", headers=origin).status == 200
