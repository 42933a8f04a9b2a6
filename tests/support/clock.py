"""The product's own movable clock, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from cohorts import clock
from cohorts.services.installation import ensure_installation

SetClock = Callable[[datetime], None]


@pytest.fixture
def set_clock(db: None, settings) -> Iterator[SetClock]:
    """Call it with the moment that it shall be; time then goes on from there."""
    settings.SANDBOX = True
    ensure_installation(datetime.now(UTC))
    yield lambda moment: clock.set_offset(moment - datetime.now(UTC))
    clock.forget_offset()
