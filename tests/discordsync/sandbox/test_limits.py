"""Rate limits as Discord announces and refuses them, through the whole server."""

import time

import pytest

from tests.lens.sandbox.client import Answer, Client
from tests.support.running_sandbox import RunningSandbox

ONE_PER_HOUR = {"rules": [{"name": "me", "path": "^/users/@me$", "limit": 1, "window": 3600}]}


@pytest.fixture
def bot(sandbox: RunningSandbox) -> Client:
    return Client(sandbox.url, "/api/v10")


def get_me(bot: Client) -> Answer:
    return bot.get("/users/@me", Authorization="Bot sandbox-test")


def test_a_response_announces_what_is_left_and_when_it_is_reset(
    sandbox: RunningSandbox, bot: Client
) -> None:
    sandbox.set_limits(discord={"rules": [{"path": "^/users/", "limit": 5, "window": 60}]})
    headers = get_me(bot).headers
    assert [headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]] == ["5", "4"]
    assert 59 < float(headers["X-RateLimit-Reset-After"]) <= 60
    assert abs(float(headers["X-RateLimit-Reset"]) - time.time() - 60) < 2
    assert headers["X-RateLimit-Bucket"]


def test_a_refusal_has_a_wait_that_a_client_believes(sandbox: RunningSandbox, bot: Client) -> None:
    sandbox.set_limits(discord=ONE_PER_HOUR)
    get_me(bot)
    refusal = get_me(bot)
    assert [refusal.status, refusal.headers["Content-Type"]] == [429, "application/json"]
    assert refusal.headers["Via"]
    assert refusal.headers["X-RateLimit-Scope"] == "user"
    assert refusal.headers["X-RateLimit-Remaining"] == "0"
    assert 3590 < refusal.body["retry_after"] <= 3600
    assert [refusal.headers["Retry-After"], refusal.body["global"]] == ["3600", False]


def test_the_global_limit_is_reported_as_such(sandbox: RunningSandbox, bot: Client) -> None:
    sandbox.set_limits(discord={"global": [1, 3600]})
    get_me(bot)
    refusal = get_me(bot)
    assert [refusal.status, refusal.body["global"]] == [429, True]
    assert [refusal.headers[f"X-RateLimit-{name}"] for name in ("Global", "Scope")] == [
        "true",
        "global",
    ]


def test_a_ban_is_answered_by_the_proxy_before_discord(
    sandbox: RunningSandbox, bot: Client
) -> None:
    sandbox.set_limits(discord={**ONE_PER_HOUR, "refused": [3, 600]})
    answers = [get_me(bot) for _ in range(6)]
    assert [a.status for a in answers] == [200, 429, 429, 429, 429, 429]
    assert ["Via" in a.headers for a in answers] == [False, True, True, True, False, False]
    assert answers[-1].body == "error code: 1015"


def test_the_known_limits(sandbox: RunningSandbox) -> None:
    sandbox.set_limits(discord=True, scale=0.01)
    shown = sandbox.get("limits")["discord"]
    assert [shown["global"], shown["refused"]] == [[50, 0.01], [10_000, 6.0]]
    events = {"name": "scheduled events", "limit": 5, "window": 0.6, "announced": True}
    assert events in shown["rules"]
