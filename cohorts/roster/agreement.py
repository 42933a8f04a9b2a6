"""Combine lines that describe the same object, and report contradictions."""

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, TypeVar

from cohorts.roster.file.rows import RosterRow
from cohorts.roster.problems import Problem

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


def by_key(things: Iterable[_T], key: Callable[[_T], _K | None]) -> dict[_K, list[_T]]:
    """Group lines (or facts) by key, in order; those whose key is None are left out."""
    found: dict[_K, list[_T]] = {}
    for thing in things:
        value = key(thing)
        if value is not None:
            found.setdefault(value, []).append(thing)
    return found


def agreed_value(
    lines: Collection[RosterRow], column: str, subject: str, problems: list[Problem]
) -> Any:
    """Return the one value that the lines give for a column, or None; report each different
    value."""
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


def first_with(lines: Iterable[RosterRow], column: str) -> RosterRow | None:
    """Return the first line with a value in a column."""
    return next((line for line in lines if getattr(line, column) not in (None, "")), None)


def is_unclear(lines: Iterable[RosterRow], column: str) -> bool:
    """Return whether a cell of the column is bad, so that a missing value is not an error of its
    own."""
    return any(column in line.bad for line in lines)
