"""The cases of a list or grid that is too large for CI: calls, or calls by ways to fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thin(cases: Iterable[Any], every: int = 3) -> list[Any]:
    """Return all cases, marked: one in `every` for the matrix, the rest for `make modes`."""
    return [pytest.param(case, marks=_mark(i, every)) for i, case in enumerate(cases)]


def spread(rows: Iterable[Any], columns: Iterable[Any], every: int = 3) -> list[Any]:
    """Return every pair, marked as by `thin`.

    The matrix goes through the grid diagonally: with `every` at most the number of rows and of
    columns, each row and each column is in it.
    """
    columns = list(columns)
    return [
        pytest.param(row, column, marks=_mark(i + j, every))
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


def _mark(place: int, every: int) -> pytest.MarkDecorator:
    return pytest.mark.modes if place % every else pytest.mark.matrix
