"""The product's own movable clock, for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cohorts import clock
from cohorts.services.installation import ensure_installation

SetClock = Callable[[datetime], None]


def pytest_runtest_setup() -> None:
    """Each test reads the offset from its own database: it is kept for half a second."""
    clock.forget_offset()


@pytest.fixture
def set_clock(db: None, settings) -> SetClock:
    """Call it with the moment that it shall be; time then goes on from there."""
    settings.SANDBOX = True
    ensure_installation(datetime.now(UTC))
    return lambda moment: clock.set_offset(moment - datetime.now(UTC))
