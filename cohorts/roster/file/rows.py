"""The lines of a roster as typed values."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cohorts.roster.file.cells import LostLetters, parse_cell
from cohorts.roster.file.columns import COLUMNS
from cohorts.roster.file.dates import DateOrder, find_order
from cohorts.roster.file.example_rows import is_example
from cohorts.roster.file.reading import Row, read_table
from cohorts.roster.file.slots import RosterSlot
from cohorts.roster.problems import CellError, Problem, merge

CohortKey = tuple[str, str]
GroupKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person in one group.

    `bad` names the columns that the file lacks or whose cell could not be parsed: their value is
    None and must be ignored.  `slot` may be TBD.
    """

    number: int
    course: str | None
    cohort: str | None
    start_date: date | None
    number_of_meetings: int | None
    group: str | None
    slot: RosterSlot | str | None
    timezone: str | None
    name: str | None
    email: str | None
    discord_id: int | None
    role: str | None
    bad: frozenset[str] = frozenset()

    @property
    def cohort_key(self) -> CohortKey | None:
        """Return the cohort's case-folded key; None if course or cohort is unknown."""
        if self.course and self.cohort:
            return fold(self.course), fold(self.cohort)
        return None

    @property
    def group_key(self) -> GroupKey | None:
        if self.cohort_key and self.group:
            return *self.cohort_key, fold(self.group)
        return None


@dataclass(frozen=True, slots=True)
class Roster:
    """The lines of a file, all its problems, and notes on what was ignored."""

    lines: tuple[RosterRow, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def fold(name: str) -> str:
    """Return the form in which names are compared, ignoring case."""
    return name.casefold()


def parse(data: bytes) -> Roster:
    """Parse a roster.  Never raises for bad input: errors are listed in `problems`."""
    table = read_table(data)
    problems = table.problems
    order = find_order(row.cells["start_date"] for row in table.rows)
    lines = tuple(
        _parse_row(row, table.absent, order, problems)
        for row in table.rows
        if not _refuse_example(row, problems)
    )
    notes = (*table.notes, order.note) if order.note else tuple(table.notes)
    return Roster(lines, merge(problems), notes)


def _refuse_example(row: Row, problems: list[Problem]) -> bool:
    """Report a row that was left in the template, about which nothing else needs to be said."""
    if not is_example(row.cells["email"]):
        return False
    sentence = "This line is an example from the template. Delete it."
    problems.append(Problem(row.number, "", sentence))
    return True


def _parse_row(
    row: Row, absent: frozenset[str], order: DateOrder, problems: list[Problem]
) -> RosterRow:
    values: dict[str, Any] = dict.fromkeys(COLUMNS)
    bad = set(absent)
    for column in COLUMNS:
        if column in absent:
            continue
        try:
            values[column] = parse_cell(column, row.cells[column], order)
        except CellError as error:
            bad.add(column)
            place = "" if isinstance(error, LostLetters) else column
            problems.append(Problem(row.number, place, str(error)))
    return RosterRow(number=row.number, bad=frozenset(bad), **values)
