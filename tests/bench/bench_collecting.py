"""The CPU time of one collection of messages, beside the history of moved meetings."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from cohorts.outbox.collecting import collect
from tests.bench.figures import RecordFigure
from tests.lens.desk.test_costs import NOW
from tests.support.many_moves import collect_first, make_known_academy, move_meetings

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("moves", [0, 2000])
def test_the_time_of_a_collection(record: RecordFigure, moves: int) -> None:
    make_known_academy(240)
    move_meetings(moves, NOW)
    collect_first(NOW)
    times = [measure_collection(NOW + minute * MINUTE) for minute in range(1, 4)]
    record(f"messages: CPU of a collection after {moves} moves in 14 days", min(times), "ms", 500)


def measure_collection(now: datetime) -> float:
    """Return the CPU time in milliseconds of a collection that finds nothing new."""
    began = time.process_time()
    assert collect(None, now=now) == 0
    return (time.process_time() - began) * 1000
