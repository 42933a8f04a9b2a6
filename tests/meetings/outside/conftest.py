"""Both providers, both sandboxes, one clock, and workers that do what facts and the clock queue."""

from __future__ import annotations

import pytest

from tests.guestvisits.effects.conftest import installed, world  # noqa: F401 - fixtures


@pytest.fixture
def _facts_alone() -> None:
    """Here, other than for the tests of facts, the providers look."""
