from datetime import UTC, datetime

import pytest

from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce


@pytest.fixture
def now() -> datetime:
    """A Monday; the meetings of groups A, B, C … begin three to six days later."""
    return datetime(2027, 1, 4, 12, tzinfo=UTC)


@pytest.fixture
def academy(now: datetime, set_clock: SetClock, build_once: BuildOnce) -> Academy:
    set_clock(now)
    return build_once(f"three groups at {now}", lambda: Academy(now))
