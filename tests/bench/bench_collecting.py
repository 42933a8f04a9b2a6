"""The CPU time of one collection of messages, beside the history of moved meetings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cohorts.outbox.collecting import collect
from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured, typical
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
    record(
        f"messages: CPU of a collection after {moves} moves in 14 days", typical(times), "ms", 500
    )


def measure_collection(now: datetime) -> Measured:
    """Return the CPU time of a collection that finds nothing new."""
    with cpu_measured() as cpu:
        assert collect(None, now=now) == 0
    return cpu
