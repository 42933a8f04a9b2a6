"""The memory of a worker with all its processes, while cohorts are realized one after another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.bench.bench_visit import PATIENCE, worker  # noqa: F401
from tests.bench.figures import RecordFigure
from tests.support.cohort import are_in_sync, join, make_cohort, realize
from tests.support.processes import wait_until
from tests.support.running_sandbox import RunningSandbox

pytestmark = pytest.mark.timeout(1800)
ROUNDS = 6


def test_the_memory_of_a_worker(
    sandbox: RunningSandbox,
    worker: subprocess.Popen[bytes],  # noqa: F811
    record: RecordFigure,
) -> None:
    sizes: list[int] = []
    for number in range(ROUNDS):
        made = make_cohort(groups=5, members=6, name=f"Cohort {number}", called=f"Group {number}")
        join(sandbox, made.people)
        realize(made)
        wait_until(lambda made=made: are_in_sync(made), PATIENCE, "the cohort was not realized")
        sizes.append(sum(read_memory(pid) for pid in find_family(worker.pid)))
    record("memory of a worker: after its first cohort", sizes[0], "MB", 300)
    record(f"memory of a worker: after {ROUNDS} cohorts", sizes[-1], "MB", 300)


def find_family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in find_family(int(child)))]


def read_memory(pid: int) -> int:
    """Return the proportional size of a process in MB: shared pages are divided by their users."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    [size] = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return round(int(size) / 1024)
