"""The client itself, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from calendarsync.rest.client import connect
from calendarsync.state.observed import StoredState
from cohorts.reconcile.errors import LeaseLost, Unclear
from tests.support.running_sandbox import RunningSandbox

BODY = {
    "id": "abcde",
    "start": {"dateTime": "2026-11-04T12:00:00Z"},
    "end": {"dateTime": "2026-11-04T13:00:00Z"},
}


def insert(check: Callable[[], None]) -> None:
    async def run() -> None:
        async with connect(check, StoredState()) as client:
            await client.insert(BODY, notify="none")

    asyncio.run(run())


def test_the_check_is_made_where_each_request_starts_and_where_one_is_repeated(
    sandbox: RunningSandbox,
) -> None:
    checks: list[None] = []
    sandbox.set_faults({"kind": "drop", "method": "POST", "nth": 1})
    insert(lambda: checks.append(None))
    assert len(checks) == 2
    assert len(sandbox.calls(service="google")) == 2


def test_a_lease_that_is_lost_in_between_ends_the_clients_own_repetition(
    sandbox: RunningSandbox,
) -> None:
    checks: list[None] = []

    def lose_it_the_second_time() -> None:
        checks.append(None)
        if len(checks) > 1:
            raise LeaseLost("calendar")

    sandbox.set_faults({"kind": "drop", "method": "POST", "nth": 1})
    with pytest.raises(LeaseLost):
        insert(lose_it_the_second_time)
    assert len(sandbox.calls(service="google")) == 1


def test_no_call_outlasts_its_part_of_the_lease(sandbox: RunningSandbox, settings) -> None:
    settings.SYNC = {**settings.SYNC, "call_seconds": 0.3}
    sandbox.set_faults({"kind": "hold", "method": "POST"})
    with pytest.raises(Unclear):
        insert(lambda: None)


def test_every_call_names_us_and_asks_for_json(sandbox: RunningSandbox) -> None:
    insert(lambda: None)
    (call,) = sandbox.calls(service="google")
    assert call["auth_scheme"] == "Bearer"
    assert call["query"]["sendUpdates"] == "none"
