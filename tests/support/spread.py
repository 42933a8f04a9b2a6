"""The cases of a list or grid that is too large for CI: calls, or calls by ways to fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pytest


def thin(cases: Iterable[Any], every: int = 3, always: Sequence[Any] = ()) -> list[Any]:
    """Return all cases, marked: one in `every` for the matrix, the rest for `make modes`.

    Those in `always` have no mark: `make test` runs them.
    """
    rest = [case for case in cases if case not in always]
    return [*always, *(pytest.param(one, marks=_mark(i, every)) for i, one in enumerate(rest))]


def spread(
    rows: Iterable[Any], columns: Iterable[Any], every: int = 3, always: Collection[Any] = ()
) -> list[Any]:
    """Return every pair, marked as by `thin`.

    The matrix goes through the grid diagonally: with `every` at most the number of rows and of
    columns, each row and each column is in it.
    """
    columns = list(columns)
    return [
        pytest.param(row, column, marks=() if (row, column) in always else _mark(i + j, every))
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


def in_matrix(*case: Any) -> Any:
    """Return a row of a table for the matrix: a sibling that always runs shows the same path."""
    return pytest.param(*case, marks=pytest.mark.matrix)


def _mark(place: int, every: int) -> pytest.MarkDecorator:
    return pytest.mark.modes if place % every else pytest.mark.matrix
