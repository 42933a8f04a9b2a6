"""Read the rows of a CSV file, tolerating what spreadsheets do to it."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cohorts.roster.file.columns import COLUMNS, column_of, read_header
from cohorts.roster.file.decoding import decode
from cohorts.roster.problems import Problem

MAX_LINES = 10_000

DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)  # Excel's delimiter hint


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
    """Return the rows of a roster.  Bytes that are not text become LOST, which the cell parsers
    report."""
    table = Table()
    decoded = decode(data)
    if decoded.refused:
        table.problems.append(Problem(1, "", decoded.refused))
        return table
    records = _records(decoded.text)
    header = next(records, None)
    if header is None:
        table.problems.append(Problem(1, "", "The file is empty."))
    elif header.broken:
        table.problems.append(Problem(header.number, "", header.broken))
    else:
        _read_rows(table, header, records)
        if decoded.encoding:
            table.notes.insert(0, _name_encoding(decoded.encoding, table.rows))
    return table


def _name_encoding(encoding: str, rows: Iterable[Row]) -> str:
    """Say how the file was read, with a word that shows whether that was right."""
    words = (word for row in rows for cell in row.cells.values() for word in cell.split())
    shown = next((word for word in words if not word.isascii()), "")
    check = f" Check letters such as those of “{shown}”." if shown else ""
    return f"The file is not UTF-8 and was read as {encoding}.{check}"


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
    named = {each: sum(map(bool, map(column_of, first.split(each)))) for each in DELIMITERS}
    return max(DELIMITERS, key=named.__getitem__), 0


def _read_rows(table: Table, record: _Record, records: Iterator[_Record]) -> None:
    header = read_header(record.cells)
    table.absent = header.absent
    table.notes += header.notes
    for column, sentence in header.problems:
        table.problems.append(Problem(record.number, column, sentence))
    if not any(header.columns):
        return
    for each in records:
        if len(table.rows) == MAX_LINES:
            sentence = f"A roster has at most {MAX_LINES} lines. Split it."
            table.problems.append(Problem(each.number, "", sentence))
            return
        _read_row(table, each, header.columns)
    if not table.rows and not table.problems:
        table.problems.append(Problem(record.number, "", "The file has no lines after the header."))


def _read_row(table: Table, record: _Record, columns: tuple[str, ...]) -> None:
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
