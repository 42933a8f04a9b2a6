"""The CPU time of the worker for each write to Discord while a cohort is realized, without limits.

It must not grow with the number of groups; tests/cohorts/reconcile/test_growth.py asserts the same
by counting. bench_calendar.py has the writes to Google.
"""

from __future__ import annotations

import pytest

from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
SIZES = (20, 80, 240)


@pytest.fixture(scope="module")
def costs() -> dict[int, Measured]:
    """CPU time for each write, by the number of groups that were realized."""
    return {}


@pytest.mark.usefixtures("only_discord")
@pytest.mark.parametrize("groups", SIZES)
def test_the_time_of_a_write(
    sandbox: RunningSandbox, record: RecordFigure, costs: dict[int, Measured], groups: int
) -> None:
    made = make_cohort(groups=groups, members=8, meetings=8)
    join(sandbox, made.people)
    realize(made)
    since = sandbox.last
    with cpu_measured() as cpu:
        work("discord", slices=60)
    costs[groups] = cpu / len(sandbox.writes(since))
    record(f"a write to Discord, realizing {groups} groups: CPU", costs[groups], "ms", 6)
    if len(costs) == len(SIZES):
        found = [cost.adjusted for cost in costs.values()]
        growth = max(found) / min(found)
        record("a write to Discord: dearest beside cheapest", growth, "times", 1.3)
