"""Quotas as Google refuses them, through the whole server."""

from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RunningSandbox


def test_a_call_above_the_quota_is_refused_with_googles_reason(sandbox: RunningSandbox) -> None:
    sandbox.set_limits(google={"global": [1, 60]})
    google = Client(sandbox.url, "/calendar/v3")
    path = "/users/me/calendarList"
    assert google.get(path, Authorization="Bearer any").status == 200
    refusal = google.get(path, Authorization="Bearer any")
    assert refusal.status == 403
    assert refusal.body["error"]["errors"][0]["reason"] == "rateLimitExceeded"


def test_the_known_quota_is_per_minute(sandbox: RunningSandbox) -> None:
    sandbox.set_limits(google=True, scale=0.01)
    assert sandbox.get("limits")["google"]["global"] == [600, 0.6]
