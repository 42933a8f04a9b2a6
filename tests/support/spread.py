"""The cases of a grid that is too large for CI: rows (calls) by columns (ways to fail)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

EVERY = 3  # one case in three belongs to the matrix


def spread(rows: Iterable[Any], columns: Iterable[Any]) -> list[Any]:
    """Return every pair, marked: one in three for `make test-matrix`, the rest for `make modes`.

    The matrix goes through the grid diagonally, so that each row meets a third of the columns and
    each column a third of the rows.
    """
    columns = list(columns)
    return [
        pytest.param(row, column, marks=_mark(i + j))
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


def _mark(place: int) -> pytest.MarkDecorator:
    return pytest.mark.modes if place % EVERY else pytest.mark.matrix
