"""The fixture `record`, by which each benchmark reports a row, and the table at the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import figures
from tests.bench.figures import BenchRow, RecordFigure
from tests.bench.stopwatch import Measured

_rows = pytest.StashKey[list[BenchRow]]()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> RecordFigure:
    rows = request.config.stash.setdefault(_rows, [])

    def add(name: str, value: float | Measured, unit: str, aim: float | None = None) -> None:
        assert name not in {row.name for row in rows}, f"two rows are called {name}"
        rows.append(BenchRow.of(name, value, unit, aim))

    return add


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash.get(_rows, [])
    if not found:
        return
    rows = figures.compare(found, figures.read_committed())
    figures.WRITTEN.write_text(figures.dump(rows, figures.read_rows()), encoding="utf-8")
    terminalreporter.section("figures")
    for line in figures.draw_table([*figures.describe_machine(rows), *rows]):
        terminalreporter.write_line(line)
    worse = [row.name for row in rows if row.is_worse]
    terminalreporter.write_line(
        f"\n{len(worse)} of {len(rows)} are more than {figures.HEADROOM} times the committed ones. "
        f"{figures.WRITTEN.name} has the committed rows, updated by these; after a deliberate "
        f"change, copy it to {figures.COMMITTED.relative_to(figures.ROOT)}."
    )
