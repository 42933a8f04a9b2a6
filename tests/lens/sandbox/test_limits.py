"""Rate limits: off until asked for, then as the makers word and announce them."""

import time

import pytest

from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RefusedError, RunningSandbox

ONE_A_WHILE = {"rules": [{"name": "things", "path": "^/things", "limit": 1, "window": 3600}]}


def test_nothing_is_limited_until_it_is_asked_for(shelves: RunningSandbox, discord: Client) -> None:
    answers = [discord.get("/things") for _ in range(60)]
    assert {answer.status for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_discord_announces_what_is_left_and_when_it_is_reset(
    shelves: RunningSandbox, discord: Client
) -> None:
    shelves.set_limits(discord={"rules": [{"path": "^/things", "limit": 5, "window": 60}]})
    headers = discord.get("/things").headers
    assert [headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]] == ["5", "4"]
    assert 59 < float(headers["X-RateLimit-Reset-After"]) <= 60
    assert abs(float(headers["X-RateLimit-Reset"]) - time.time() - 60) < 2
    assert headers["X-RateLimit-Bucket"]


def test_b8_a_window_can_begin_with_calls_already_spent(
    shelves: RunningSandbox, discord: Client
) -> None:
    rule = {"path": "^/things", "limit": 250, "window": 101_995, "spent": 26}
    shelves.set_limits(discord={"rules": [rule]})
    left = [discord.get("/things").headers["X-RateLimit-Remaining"] for _ in range(2)]
    assert left == ["223", "222"]


def test_discord_refuses_with_a_wait_that_a_client_believes(
    shelves: RunningSandbox, discord: Client
) -> None:
    shelves.set_limits(discord=ONE_A_WHILE)
    discord.get("/things")
    refusal = discord.get("/things")
    assert [refusal.status, refusal.headers["Content-Type"]] == [429, "application/json"]
    assert refusal.headers["Via"]
    assert refusal.headers["X-RateLimit-Scope"] == "user"
    assert refusal.headers["X-RateLimit-Remaining"] == "0"
    assert 3590 < refusal.body["retry_after"] <= 3600
    assert [refusal.headers["Retry-After"], refusal.body["global"]] == ["3600", False]
    assert [call["fault"] for call in shelves.calls()] == [None, "limit"]


def test_whoever_waits_as_long_as_told_is_let_in(shelves: RunningSandbox, discord: Client) -> None:
    shelves.set_limits(discord=ONE_A_WHILE, scale=0.00005)
    discord.get("/things")
    refusal = discord.get("/things")
    time.sleep(refusal.body["retry_after"])  # the wait is what is tested
    assert discord.get("/things").status == 200


def test_each_channel_has_a_window_of_its_own(shelves: RunningSandbox, discord: Client) -> None:
    rule = {"path": r"^/things/(\w+)", "limit": 1, "window": 3600}
    shelves.set_limits(discord={"rules": [rule]})
    statuses = [discord.patch(f"/things/{name}", {"name": name}).status for name in ("a", "b", "a")]
    assert statuses == [201, 201, 429]


def test_a_limit_that_is_not_announced_refuses_with_calls_left(
    shelves: RunningSandbox, discord: Client
) -> None:
    hidden = {"body": ["name"], "limit": 1, "window": 3600, "announced": False}
    shelves.set_limits(discord={"rules": [hidden, {"name": "all", "limit": 9, "window": 60}]})
    assert discord.post("/things", {"name": "cup"}).headers["X-RateLimit-Remaining"] == "8"
    refusal = discord.post("/things", {"name": "mug"})
    assert [refusal.status, refusal.headers["X-RateLimit-Remaining"]] == [429, "8"]
    assert refusal.body["retry_after"] > 3000
    assert discord.get("/things").status == 200


def test_the_global_limit_is_told_as_such(shelves: RunningSandbox, discord: Client) -> None:
    shelves.set_limits(discord={"global": [1, 3600]})
    discord.get("/things")
    refusal = discord.get("/things")
    assert [refusal.status, refusal.body["global"]] == [429, True]
    assert refusal.headers["X-RateLimit-Global"] == "true"


def test_too_many_refused_calls_end_in_a_ban(shelves: RunningSandbox, discord: Client) -> None:
    shelves.set_limits(discord={**ONE_A_WHILE, "refused": [3, 600]})
    answers = [discord.get("/things") for _ in range(6)]
    assert [a.status for a in answers] == [200, 429, 429, 429, 429, 429]
    assert ["Via" in a.headers for a in answers] == [False, True, True, True, False, False]
    assert answers[-1].body == "error code: 1015"
    assert shelves.get("limits")["refused_calls"] == {"discord": 5}


def test_google_refuses_in_its_own_words(shelves: RunningSandbox, google: Client) -> None:
    shelves.set_limits(google={"global": [1, 60]})
    assert google.get("/things").status == 200
    refusal = google.get("/things")
    assert [refusal.status, refusal.body["code"]] == [403, "rateLimitExceeded"]


def test_a_batch_costs_as_many_calls_as_it_has_parts(
    shelves: RunningSandbox, google: Client
) -> None:
    shelves.set_limits(google={"global": [3, 60]})
    body = b"--x\r\n\r\nGET /a HTTP/1.1\r\n\r\n--x\r\n\r\nGET /b HTTP/1.1\r\n\r\n--x--"
    batch = {"Content-Type": "multipart/mixed; boundary=x"}
    statuses = [google.call("POST", "/batch", body, batch).status for _ in range(2)]
    assert statuses == [200, 403]
    assert google.get("/things").status == 200


def test_the_limits_that_are_known_are_asked_for_by_name(
    shelves: RunningSandbox, discord: Client
) -> None:
    shelves.set_limits(discord=True, google=True, scale=0.01)
    shown = shelves.get("limits")
    assert shown["discord"]["global"] == [50, 0.01]
    assert shown["google"]["global"] == [600, 0.6]
    assert {"name": "scheduled events", "limit": 5, "window": 0.6, "announced": True} in (
        shown["discord"]["rules"]
    )


def test_a_fault_does_not_count_calls_that_the_limits_refused(
    shelves: RunningSandbox, discord: Client
) -> None:
    shelves.set_limits(discord=ONE_A_WHILE)
    shelves.set_faults({"kind": "drop", "path": "nothing"}, {"kind": "slow", "seconds": 0})
    for _ in range(3):
        discord.get("/things")
    assert [fault["matched"] for fault in shelves.get("faults")] == [0, 1]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"slack": True}, "Limits can be set for discord and google, with a “scale”, not slack"),
        ({"discord": True, "scale": 0}, "“scale” must be a number above 0; it is 0"),
        ({"discord": {"gloabl": [1, 1]}}, "A service's limits can have global, refused, rules"),
        ({"discord": {"global": [0, 1]}}, "“global” needs a number of calls and of seconds"),
        ({"discord": {"rules": {}}}, "“rules” must be a list"),
        (
            {"discord": {"rules": [{"limit": 1, "window": 1, "body": "x"}]}},
            "a list of names; it is x",
        ),
        (
            {"discord": {"rules": [{"limit": 1, "window": 1, "spent": -1}]}},
            "“spent” must be a number",
        ),
        ({"discord": {"rules": [{"limit": 1}]}}, "“rule” needs a number of calls and of seconds"),
        (
            {"discord": {"rules": [{"limit": 1, "window": 1, "path": "["}]}},
            "not a regular expression",
        ),
    ],
)
def test_limits_that_are_not_understood_are_refused_in_a_sentence(
    shelves: RunningSandbox, limits: dict[str, object], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        shelves.post("limits", limits)
    assert "discord" not in shelves.get("limits")
