"""Read the rows of a CSV file, tolerating what spreadsheets do to it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from cohorts.roster.problems import Problem

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
OTHER_SPELLINGS = {"e_mail": "email", "time_zone": "timezone"}

MAX_BYTES = 2_000_000
MAX_LINES = 10_000

DELIMITERS = ",;\t"
LOST = "\N{REPLACEMENT CHARACTER}"
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)  # Excel's delimiter hint

_SAVE_AS = "Save it as “CSV UTF-8 (comma delimited)”."
_NO_TEXT = {
    b"PK\x03\x04": f"This is a spreadsheet workbook, not a CSV file. {_SAVE_AS}",
    b"\xd0\xcf\x11\xe0": f"This is a spreadsheet workbook, not a CSV file. {_SAVE_AS}",
    b"\xff\xfe": f"This file is UTF-16, not UTF-8. {_SAVE_AS}",
    b"\xfe\xff": f"This file is UTF-16, not UTF-8. {_SAVE_AS}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one record by column, and the number of its first line."""

    number: int
    cells: dict[str, str]


@dataclass(slots=True)
class Table:
    """`absent` are the columns that the file lacks; `notes` lists what was ignored."""

    rows: list[Row] = field(default_factory=list)
    absent: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_table(data: bytes) -> Table:
    """Return the rows of a roster.  Invalid UTF-8 becomes LOST, which the cell parsers report."""
    table = Table()
    refused = _refuse_file(data)
    if refused:
        table.problems.append(Problem(1, "", refused))
        return table
    text = unicodedata.normalize("NFC", data.decode("utf-8-sig", errors="replace"))
    records = _records(text)
    header = next(records, None)
    if header is None:
        table.problems.append(Problem(1, "", "The file is empty."))
    elif header.broken:
        table.problems.append(Problem(header.number, "", header.broken))
    else:
        _read_rows(table, header, records)
    return table


def _refuse_file(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        return f"The file is larger than {MAX_BYTES // 1_000_000} MB. Split it."
    for beginning, sentence in _NO_TEXT.items():
        if data.startswith(beginning):
            return sentence
    if b"\0" in data:
        return f"The file contains null bytes, so it is not UTF-8 text. {_SAVE_AS}"
    return ""


@dataclass(frozen=True, slots=True)
class _Record:
    number: int
    cells: list[str]
    broken: str = ""  # why it could not be read


def _records(text: str) -> Iterator[_Record]:
    """Yield the records that are not empty, each with the number of its first line."""
    delimiter, skipped = _find_delimiter(text)
    lines = io.StringIO(text, newline="")
    for _ in range(skipped):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        number = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            broken = "A quotation mark that opens here is not closed, or is followed by text."
            yield _Record(number, [], broken)
        else:
            if any(cell.strip() for cell in cells):
                yield _Record(number, cells)


def _find_delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter and the number of lines to skip before the header."""
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    declared = _SEPARATOR_LINE.fullmatch(first)
    if declared:
        return declared[1], 1
    while first and not first.strip():
        first = lines.readline()
    return max(DELIMITERS, key=lambda each: _count_columns(first.split(each))), 0


def _count_columns(header: list[str]) -> int:
    return sum(_column_of(cell) in COLUMNS for cell in header)


def _column_of(cell: str) -> str:
    name = re.sub(r"[\s-]+", "_", cell.strip().strip('"').lower())
    return OTHER_SPELLINGS.get(name, name)


def _read_rows(table: Table, header: _Record, records: Iterator[_Record]) -> None:
    columns = [_column_of(cell) for cell in header.cells]
    _check_header(table, header, columns)
    if not set(columns) & set(COLUMNS):
        return
    for record in records:
        if len(table.rows) == MAX_LINES:
            sentence = f"A roster has at most {MAX_LINES} lines. Split it."
            table.problems.append(Problem(record.number, "", sentence))
            return
        _read_row(table, record, columns)
    if not table.rows and not table.problems:
        table.problems.append(Problem(header.number, "", "The file has no lines after the header."))


def _check_header(table: Table, header: _Record, columns: list[str]) -> None:
    if not set(columns) & set(COLUMNS):
        sentence = f"The first line must contain the column names: {','.join(COLUMNS)}."
        table.problems.append(Problem(header.number, "", sentence))
        return
    table.absent = frozenset(COLUMNS) - set(columns)
    for column in COLUMNS:
        if column in table.absent:
            table.problems.append(Problem(header.number, column, "This column is missing."))
        elif columns.count(column) > 1:
            sentence = f"This column appears {columns.count(column)} times."
            table.problems.append(Problem(header.number, column, sentence))
    unknown = [cell.strip() for cell in header.cells if _column_of(cell) not in COLUMNS]
    for name in filter(None, unknown):
        table.notes.append(f"The column “{name}” is not a roster column and was ignored.")


def _read_row(table: Table, record: _Record, columns: list[str]) -> None:
    if record.broken:
        table.problems.append(Problem(record.number, "", record.broken))
        return
    # Missing cells at the end count as empty: hand-written files leave out the role that way.
    surplus = record.cells[len(columns) :]
    if any(cell.strip() for cell in surplus):
        sentence = (
            f"{len(record.cells)} cells for {len(columns)} columns. Put quotation marks around a "
            "cell that contains the separator."
        )
        table.problems.append(Problem(record.number, "", sentence))
        return
    cells = dict(zip(columns, record.cells, strict=False))
    table.rows.append(Row(record.number, {name: cells.get(name, "") for name in COLUMNS}))
