"""Stacked bars: a row for each week or day, a part for each series. Pure.

The geometry is in units of the SVG's view box, which fits a phone. Each series has a pattern of its
own besides its colour; numbers are inside the parts that are wide enough, and in the table below.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LEFT, RIGHT = 400, 84, 34  # of everything, of the labels, of the sums
ROW, BAR = 26, 20
PER_DIGIT, MARGIN = 8, 6  # what a number needs
PATTERNS = ("solid", "stripes", "dots", "grid", "empty")


@dataclass(frozen=True, slots=True)
class BarPart:
    """One series in one row. `text` is empty where the number does not fit."""

    pattern: str
    x: float
    width: float
    text: str

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class BarRow:
    label: str
    values: tuple[int, ...]
    y: int
    parts: tuple[BarPart, ...]

    @property
    def total(self) -> int:
        return sum(self.values)

    @property
    def baseline(self) -> int:
        """Return where the text of the row stands."""
        return self.y + BAR - 5

    @property
    def end(self) -> float:
        """Return where the sum stands: behind the last part."""
        last = self.parts[-1] if self.parts else None
        return round(last.x + last.width + 4, 1) if last else LEFT


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart and its table. `name` is unique on the page; `first`: what the rows are."""

    name: str
    title: str
    first: str
    series: tuple[str, ...]
    rows: tuple[BarRow, ...]
    width: int = WIDTH
    bar: int = BAR
    left: int = LEFT

    @property
    def height(self) -> int:
        return ROW * len(self.rows)

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Return each series with its pattern."""
        return list(zip(self.series, PATTERNS, strict=False))


def build_bars(
    name: str,
    title: str,
    first: str,
    series: Sequence[str],
    rows: Sequence[tuple[str, Sequence[int]]],
) -> BarChart | None:
    """Return the chart of these rows, each a label with a value for each series; None if there is
    nothing to see. At most five series."""
    assert len(series) <= len(PATTERNS)
    largest = max((sum(values) for _, values in rows), default=0)
    if not largest:
        return None
    unit = (WIDTH - LEFT - RIGHT) / largest
    drawn = tuple(_draw(n, label, values, unit) for n, (label, values) in enumerate(rows))
    return BarChart(name, title, first, tuple(series), drawn)


def _draw(n: int, label: str, values: Sequence[int], unit: float) -> BarRow:
    parts, x = [], float(LEFT)
    for pattern, value in zip(PATTERNS, values, strict=False):
        width = value * unit
        fits = width >= len(str(value)) * PER_DIGIT + MARGIN
        if value:
            parts.append(BarPart(pattern, round(x, 1), round(width, 1), str(value) if fits else ""))
        x += width
    return BarRow(label, tuple(values), ROW * n, tuple(parts))
