"""A real browser for tests, and a worker beside it.

    @pytest.mark.browser
    def test_it_can_be_pressed(page, live_server, working): ...

`working` carries out what is due from a thread of the test's own process, as a worker would.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import expect

from cohorts import clock
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.workers import heartbeats
from tests.programs import find_chromium

LOOK_SECONDS = 0.05
# Five seconds, the default, are too few for the first page on a machine that is busy.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium.  It may run as root in a container, hence without its sandbox."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("These tests need Chromium: python -m tests.programs")
    # Playwright's loop runs in this thread, and Django would refuse its own database for that.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium),
        "args": ["--no-sandbox"],
    }


@pytest.fixture
def working(transactional_db: None) -> Iterator[None]:
    """A worker at work as long as the test lasts."""
    ending, failures = threading.Event(), []

    def work() -> None:
        try:
            while not ending.wait(LOOK_SECONDS):
                heartbeats.record_heartbeat("tests")
                for name in configured_providers():
                    if provider_state.has_work(name, clock.now()) and not provider_state.is_waiting(
                        name
                    ):
                        run_once(name)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    yield
    ending.set()
    thread.join()
    assert not failures, f"the worker broke off: {failures[0]!r}"
