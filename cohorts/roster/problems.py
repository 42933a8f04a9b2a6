"""A problem in a roster file, described for the user who fixes it."""

from collections.abc import Iterable
from dataclasses import dataclass

from cohorts.words import join_names

MAX_RANGES = 8  # in the name of many lines


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One cause.  `line` is the first line that has it, counted from 1, the header; `others` are
    the further ones.  `column` is empty if the whole line or file is wrong."""

    line: int
    column: str
    sentence: str
    others: tuple[int, ...] = ()

    @property
    def lines(self) -> tuple[int, ...]:
        return self.line, *self.others

    @property
    def numbers(self) -> str:
        return name_numbers(self.lines)

    def __str__(self) -> str:
        column = f", {self.column}" if self.column else ""
        return f"{name_lines(self.lines)}{column}: {self.sentence}"


class CellError(ValueError):
    """A problem with a cell, as a sentence that says what to write instead."""


def merge(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return one problem for each cause, with all its lines, in the order of the file."""
    found: dict[tuple[str, str], set[int]] = {}
    for problem in problems:
        found.setdefault((problem.column, problem.sentence), set()).update(problem.lines)
    merged = []
    for (column, sentence), numbers in found.items():
        first, *others = sorted(numbers)
        merged.append(Problem(first, column, sentence, tuple(others)))
    return tuple(sorted(merged))


def name_lines(numbers: Iterable[int]) -> str:
    """Return "Line 3" or "Lines 3–9, 12 and 11 others"."""
    numbers = set(numbers)
    return f"{'Line' if len(numbers) == 1 else 'Lines'} {name_numbers(numbers)}"


def name_numbers(numbers: Iterable[int]) -> str:
    """Return "3", "3–9 and 12" or, if there are too many to read, "3–9, 12 and 11 others"."""
    ranges = _find_ranges(numbers)
    names = [str(each[0]) if len(each) == 1 else f"{each[0]}–{each[-1]}" for each in ranges]
    left = sum(len(each) for each in ranges[MAX_RANGES:])
    if left:
        names[MAX_RANGES:] = ["1 other" if left == 1 else f"{left} others"]
    return join_names(names)


def _find_ranges(numbers: Iterable[int]) -> list[range]:
    ranges: list[range] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1].stop == number:
            ranges[-1] = range(ranges[-1].start, number + 1)
        else:
            ranges.append(range(number, number + 1))
    return ranges
