"""Several lines speak of one thing, and must say the same of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, TypeVar

from cohorts.roster.lines import Line
from cohorts.roster.problems import Problem

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


def by_key(things: Iterable[_T], key: Callable[[_T], _K | None]) -> dict[_K, list[_T]]:
    """Lines (or facts) by what they speak of, in their order; without a key they are left out."""
    found: dict[_K, list[_T]] = {}
    for thing in things:
        value = key(thing)
        if value is not None:
            found.setdefault(value, []).append(thing)
    return found


def settle(lines: Collection[Line], column: str, subject: str, problems: list[Problem]) -> Any:
    """The one value that lines give for a column, None where none does; tells any second value."""
    first = first_with(lines, column)
    if first is None:
        return None
    value = getattr(first, column)
    for line in lines:
        other = getattr(line, column)
        if other not in (None, "", value):
            sentence = f"{subject} has {value} on line {first.number} and {other} here."
            problems.append(Problem(line.number, column, sentence))
    return value


def first_with(lines: Iterable[Line], column: str) -> Line | None:
    """The first line that says anything in a column."""
    return next((line for line in lines if getattr(line, column) not in (None, "")), None)


def is_unclear(lines: Iterable[Line], column: str) -> bool:
    """Whether a cell could not be read, so that silence means nothing."""
    return any(column in line.bad for line in lines)
