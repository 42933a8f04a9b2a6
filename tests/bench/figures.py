"""The rows of `make bench`, and how they compare with those that are committed in bench.json.

The lower a figure, the better. CPU time is stated as it would be on the reference machine
(`tests/bench/stopwatch.py`), beside what was measured. Nothing here fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from tests.bench.stopwatch import Measured
from tests.support.processes import ROOT

COMMITTED = Path(__file__).with_name("bench.json")
WRITTEN = ROOT / "bench.json"  # git ignores it
ALIGNED = "<>><>>><"
UNITS = {"s": 1, "ms": 1000}  # in a second
HEADROOM = 1.25  # a figure is marked as worse above this ratio to the committed one


@dataclass(frozen=True)
class BenchRow:
    name: str
    value: float
    unit: str
    aim: float | None = None  # at most
    committed: float | None = None
    measured: float | None = None  # on this machine, if the figure is that of the reference machine

    @classmethod
    def of(cls, name: str, value: float | Measured, unit: str, aim: float | None) -> BenchRow:
        """Return the row of a figure, or of a time in this unit."""
        if not isinstance(value, Measured):
            return cls(name, round(value, 3), unit, aim)
        here, there = (round(each * UNITS[unit], 3) for each in (value.seconds, value.adjusted))
        return cls(name, there, unit, aim, measured=here)

    @property
    def ratio(self) -> float | None:
        """The figure divided by the committed one; None if there is none to compare with."""
        return self.value / self.committed if self.committed else None

    @property
    def is_worse(self) -> bool:
        if self.committed == 0:
            return self.value > 0
        return self.ratio is not None and self.ratio > HEADROOM

    @property
    def misses_aim(self) -> bool:
        return self.aim is not None and self.value > self.aim

    @property
    def marks(self) -> str:
        marks = {"WORSE": self.is_worse, "misses its aim": self.misses_aim}
        return ", ".join(mark for mark, holds in marks.items() if holds)


class RecordFigure(Protocol):
    def __call__(
        self, name: str, value: float | Measured, unit: str, aim: float | None = None
    ) -> None:
        """Add a row; `aim`: at most this is wanted."""


def read_rows(path: Path = COMMITTED) -> list[dict[str, Any]]:
    """Return the committed rows as they are in the file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def read_committed(path: Path = COMMITTED) -> dict[str, float]:
    """Return the committed figures by name."""
    return {row["name"]: row["value"] for row in read_rows(path)}


def compare(rows: Iterable[BenchRow], committed: Mapping[str, float]) -> list[BenchRow]:
    """Return the rows with the committed figures of the same names."""
    return [replace(row, committed=committed.get(row.name)) for row in rows]


def describe_machine(rows: Iterable[BenchRow]) -> list[BenchRow]:
    """Return rows that say how many times slower than the reference machine this one was."""
    found = [row.measured / row.value for row in rows if row.measured and row.value]
    name, of = "this machine beside the reference machine: CPU time", {"median": median}
    of |= {"least": min, "most": max}
    return [
        BenchRow(f"{name}, {how}", round(f(found), 2), "times") for how, f in of.items() if found
    ]


def dump(rows: Iterable[BenchRow], committed: Iterable[Mapping[str, Any]] = ()) -> str:
    """Return the committed rows, updated by these, as JSON by name, so that a diff shows what
    changed. A run of one benchmark leaves the others' rows as they were."""
    found = {row["name"]: row for row in committed} | {
        row.name: {
            "name": row.name,
            "value": row.value,
            "measured": row.measured,
            "unit": row.unit,
            "aim": row.aim,
            "ratio": row.ratio,
        }
        for row in rows
    }
    return json.dumps([found[name] for name in sorted(found)], indent=1, ensure_ascii=False) + "\n"


def draw_table(rows: Iterable[BenchRow]) -> list[str]:
    """Return the lines of a table for people."""
    head = ("", "measured", "figure", "unit", "at most", "committed", "ratio", "")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(_align, line, ALIGNED, widths)).rstrip() for line in lines]


def _cells(row: BenchRow) -> tuple[str, ...]:
    numbers = (row.measured, row.value, row.aim, row.committed)
    measured, value, aim, committed = (_number(each) for each in numbers)
    ratio = _number(row.ratio, "{:.2f}")
    return (row.name, measured, value, row.unit, aim, committed, ratio, row.marks)


def _number(value: float | None, form: str = "{:,.4g}") -> str:
    return "" if value is None else (form if value < 1000 else "{:,.0f}").format(value)


def _align(cell: str, side: str, width: int) -> str:
    return f"{cell:{side}{width}}"
