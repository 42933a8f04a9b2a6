"""Find out which column of a file is which, from its header."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from cohorts.words import join_names

COLUMNS = (
    "course",
    "cohort",
    "start_date",
    "number_of_meetings",
    "group",
    "slot",
    "timezone",
    "name",
    "email",
    "discord_id",
    "role",
)

# Names that other tools and people give these columns.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "course": ("Course name", "Name of course", "Programme", "Program"),
    "cohort": ("Cohort name", "Name of cohort"),
    "start_date": ("Start day", "First day", "Starts on"),
    "number_of_meetings": (
        "Meetings",
        "Number of sessions",
        "Sessions",
        "Number of weeks",
        "Weeks",
    ),
    "group": ("Group name", "Name of group"),
    "slot": ("Start time", "Meeting time", "Weekly time", "Time slot", "Weekly slot"),
    "timezone": ("Time zone", "TZ"),
    "name": ("Full name", "Person"),
    "email": ("E-mail", "Mail", "Email address", "E-mail address"),
    "discord_id": ("Discord", "Discord user ID"),
    "role": ("Role in group",),
}
# Names that can mean several columns.
_UNCLEAR = {
    "start": ("start_date", "slot"),
    "begin": ("start_date", "slot"),
    "title": ("course", "cohort"),
}
# Names for a part of what belongs into one column.
_PARTS = {
    "name": ("first_name", "given_name", "middle_name", "last_name", "surname", "family_name"),
    "slot": ("day", "weekday", "day_of_week", "time", "end_time", "hour"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """`columns` has the column of each cell, or "" for one that is not read.  `problems` have the
    column that they are about, or ""."""

    columns: tuple[str, ...]
    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def absent(self) -> frozenset[str]:
        return frozenset(COLUMNS) - set(self.columns)


def column_of(cell: str) -> str:
    """Return the column that a header cell names, or ""."""
    return _COLUMN_OF.get(_key_of(cell), "")


def _key_of(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


_COLUMN_OF = {column: column for column in COLUMNS} | {
    _key_of(name): column for column, names in OTHER_NAMES.items() for name in names
}


def read_header(cells: Collection[str]) -> Header:
    """Return what a header says, with a sentence about each column that is missing or doubled."""
    columns = tuple(column_of(cell) for cell in cells)
    named = [
        (cell.strip(), column) for cell, column in zip(cells, columns, strict=True) if cell.strip()
    ]
    unknown = [cell for cell, column in named if not column]
    if not any(columns):
        sentence = f"The first line must contain the column names: {','.join(COLUMNS)}."
        return Header(columns, (("", sentence),))
    absent = [column for column in COLUMNS if column not in columns]
    return Header(
        columns,
        (*_find_missing(absent, unknown), *_find_doubled(named)),
        (*_list_renamed(named), *_list_ignored(unknown)),
    )


def _find_missing(absent: Collection[str], unknown: Collection[str]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    explained: set[str] = set()
    for cell in unknown:
        choices = [each for each in _UNCLEAR.get(_key_of(cell), ()) if each in absent]
        if len(choices) > 1:
            sentence = (
                f"“{cell}” could be {' or '.join(choices)}, and both are missing. Rename it to the "
                "one that it is, and add the other."
            )
            problems.append(("", sentence))
            explained.update(choices)
    return problems + [
        (column, f"This column is missing.{_find_hint(column, unknown)}")
        for column in absent
        if column not in explained
    ]


def _find_hint(column: str, unknown: Collection[str]) -> str:
    parts = [cell for cell in unknown if _key_of(cell) in _PARTS.get(column, ())]
    if len(parts) > 1:
        return f" Put {_quote(parts)} together into one column, {column}."
    similar = parts or [cell for cell in unknown if _could_be(cell, column)]
    return f" If it is {_quote(similar[:1])}, rename that column to {column}." if similar else ""


def _could_be(cell: str, column: str) -> bool:
    key = _key_of(cell)
    names = [name for name, meant in _COLUMN_OF.items() if meant == column]
    return column in _UNCLEAR.get(key, ()) or bool(get_close_matches(key, names, cutoff=0.8))


def _find_doubled(named: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    problems = []
    for column in COLUMNS:
        names = [cell for cell, meant in named if meant == column]
        if len(names) > 1:
            all_of_them = "both" if len(names) == 2 else "all"
            sentence = f"{_quote(names)} {all_of_them} mean this column. Keep one of them."
            problems.append((column, sentence))
    return problems


def _list_renamed(named: Collection[tuple[str, str]]) -> list[str]:
    renamed = [
        f"“{cell}” as {column}" for cell, column in named if column and _key_of(cell) != column
    ]
    return [f"Columns with other names: {join_names(renamed)}."] if renamed else []


def _list_ignored(unknown: Collection[str]) -> list[str]:
    return [f"The column “{cell}” is not a roster column and was ignored." for cell in unknown]


def _quote(names: Iterable[str]) -> str:
    return join_names(f"“{name}”" for name in names)
