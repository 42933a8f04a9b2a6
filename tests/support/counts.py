"""Each test begins without counts of failed sign-ins, also if the database is not rolled back.

A test with transaction=True empties the tables of models only, and the cache's table is none.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _counts_begin_at_zero(request: pytest.FixtureRequest) -> Iterator[None]:
    blocker = request.getfixturevalue("django_db_blocker")
    yield
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        with blocker.unblock():
            cache.clear()
