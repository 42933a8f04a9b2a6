"""What a collection of messages costs beside moves whose e-mails are stored: counted, not timed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.outbox.collecting import collect
from tests.lens.desk.test_costs import NOW
from tests.support.function_calls import count_calls
from tests.support.many_moves import collect_first, make_known_academy, move_meetings

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.matrix,
]
SAME = 1.3


def test_a_collection_costs_the_same_after_2000_moves_as_after_20() -> None:
    make_known_academy(40)
    few = count_after_moves(20, NOW)
    many = count_after_moves(1980, NOW + timedelta(minutes=2))
    assert many[0] <= SAME * few[0], (few, many)
    assert many[1] <= few[1], (few, many)


def count_after_moves(moves: int, now: datetime) -> tuple[int, int]:
    """Return the function calls and queries of a collection that finds nothing new."""
    move_meetings(moves, now)
    collect_first(now)

    def collect_nothing() -> None:
        assert collect(None, now=now + timedelta(minutes=1)) == 0

    with CaptureQueriesContext(connection) as queries:
        calls = count_calls(collect_nothing)
    return calls, len(queries)
