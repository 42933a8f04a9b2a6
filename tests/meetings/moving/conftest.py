from datetime import UTC, datetime

import pytest

from tests.support.academy import Academy
from tests.support.clock import SetClock


@pytest.fixture
def now() -> datetime:
    """A Monday; the meetings of groups A, B, C … begin three to six days later."""
    return datetime(2027, 1, 4, 12, tzinfo=UTC)


@pytest.fixture
def academy(now: datetime, set_clock: SetClock) -> Academy:
    set_clock(now)
    return Academy(now)
