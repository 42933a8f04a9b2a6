"""For tests about facts alone: no mirror is asked to look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cohorts.sync.registry import all_mirrors


@pytest.fixture
def without_mirrors(settings) -> Iterator[None]:
    settings.GROUP_MIRRORS = []
    all_mirrors.cache_clear()
    yield
    all_mirrors.cache_clear()
