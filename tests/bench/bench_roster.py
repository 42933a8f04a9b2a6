"""The CPU time of importing a roster that adds, and then changes, 5,000 people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cohorts.roster.importing import import_roster, preview_roster
from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured
from tests.support.roster import make_academy

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
GROUPS, MEMBERS = 500, 10


def test_the_time_of_a_large_roster(record: RecordFigure) -> None:
    new = make_academy(GROUPS, MEMBERS).encode()
    changed = make_academy(GROUPS, MEMBERS, timezone="Asia/Tokyo").replace("Person", "Somebody")
    moved = make_moved_academy().encode()
    for what, data in {"new": new, "changed": changed.encode(), "moved": moved}.items():
        preview = measure(lambda data=data: preview_roster(data))
        took = measure(lambda data=data: import_roster(data, now=NOW))
        name = f"a roster of {GROUPS * MEMBERS:,} people, {what}: CPU of"
        record(f"{name} its preview", preview, "s", 5)
        record(f"{name} its import", took, "s", 5)


def make_moved_academy() -> str:
    """Everyone but the facilitators moves to the next group."""
    lines = make_academy(GROUPS, MEMBERS, timezone="Asia/Tokyo").replace("Person", "Somebody")
    head, *people = lines.splitlines()
    names = [f"Group {n:02}" for n in range(GROUPS)]
    after = dict(zip(names, [*names[1:], names[0]], strict=True))
    return "\n".join([head, *(_move(line, after) for line in people)]) + "\n"


def _move(line: str, after: dict[str, str]) -> str:
    cells = line.split(",")
    if cells[-1] != "facilitator":
        cells = [after.get(cell, cell) for cell in cells]
    return ",".join(cells)


def measure(code: Callable[[], object]) -> Measured:
    with cpu_measured() as cpu:
        code()
    return cpu
