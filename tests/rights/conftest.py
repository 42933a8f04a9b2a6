from datetime import UTC, datetime

import pytest

from tests.support.academy import Academy


@pytest.fixture
def academy(db: None) -> Academy:
    """Pages ask the clock, so it is about the present minute."""
    return Academy(datetime.now(UTC).replace(second=0, microsecond=0))
