"""Cells of CSV files that a spreadsheet takes for text."""

from __future__ import annotations

from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutralize(cells: Iterable[str | int]) -> list[str | int]:
    """Return the cells so that a spreadsheet takes none of them for a formula."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA) else cell
        for cell in cells
    ]
