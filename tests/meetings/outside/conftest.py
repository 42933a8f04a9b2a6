"""Both mirrors, both sandboxes, one clock, and workers that do what facts and the clock queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cohorts.sync.registry import all_mirrors
from tests.guestvisits.effects.conftest import installed, world  # noqa: F401 - fixtures


@pytest.fixture
def _facts_alone() -> Iterator[None]:
    """Here, other than for the tests of facts, the mirrors look."""
    all_mirrors.cache_clear()
    yield
    all_mirrors.cache_clear()
