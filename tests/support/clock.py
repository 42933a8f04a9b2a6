"""The product's own movable clock, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import Installation

SetClock = Callable[[datetime], None]


def pytest_runtest_setup() -> None:
    """Each test reads the offset from its own database: it is kept for half a second."""
    clock.forget_offset()


@pytest.fixture(autouse=True, scope="session")
def counts_without_the_clock() -> Iterator[None]:
    """Read the offset before each block whose queries are counted, and not within it: there it
    would be one query more whenever the half second is over."""
    enter, leave = CaptureQueriesContext.__enter__, CaptureQueriesContext.__exit__
    usual = clock._READ_AGAIN_AFTER

    def hold(self: CaptureQueriesContext) -> CaptureQueriesContext:
        clock.now()
        clock._READ_AGAIN_AFTER = inf
        return enter(self)

    def release(self: CaptureQueriesContext, *error: Any) -> None:
        clock._READ_AGAIN_AFTER = usual
        leave(self, *error)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CaptureQueriesContext, "__enter__", hold)
        patched.setattr(CaptureQueriesContext, "__exit__", release)
        yield


@pytest.fixture
def set_clock(db: None, settings) -> SetClock:
    """Call it with the moment that it shall be; time then goes on from there."""
    settings.SANDBOX = True
    Installation.objects.ensure(datetime.now(UTC))
    return lambda moment: clock.set_offset(moment - datetime.now(UTC))
