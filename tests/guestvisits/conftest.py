from datetime import UTC, datetime

import pytest

from tests.support.academy import Academy
from tests.support.kept_worlds import BuildOnce


@pytest.fixture(autouse=True)
def _facts_alone(without_providers: None) -> None: ...


@pytest.fixture
def now() -> datetime:
    """The present minute: receivers ask the clock, and must agree with what tests hand down."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def academy(build_once: BuildOnce, now: datetime) -> Academy:
    return build_once(f"three groups at {now}", lambda: Academy(now))
