"""Write rows to a CSV or XLSX file, one by one: memory does not grow with the number of rows."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cohorts.exports.file_cells import FileCell

BYTE_ORDER_MARK = "\ufeff"  # with it Excel reads UTF-8
# As Lens shows them (lens/formats).
MOMENT, DAY = "ddd d mmm yyyy, hh:mm", "ddd d mmm yyyy"
WIDTH = 20

Rows = Iterable[Sequence[FileCell]]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """`write` returns the number of rows."""

    content_type: str
    write: Callable[[IO[bytes], Sequence[str], Rows], int]


def write_csv(file: IO[bytes], titles: Sequence[str], rows: Rows) -> int:
    """Write a CSV file and return the number of rows.

    Every text is quoted. Dates are written as 2027-01-05 18:00, which spreadsheets recognize.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    text.write(BYTE_ORDER_MARK)
    writer, number = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC), 0
    writer.writerow(titles)
    for row in rows:
        writer.writerow(map(_as_text, row))
        number += 1
    text.detach()
    return number


def _as_text(cell: FileCell) -> str | int | float:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    return cell.isoformat() if isinstance(cell, date) else cell


def write_xlsx(file: IO[bytes], titles: Sequence[str], rows: Rows) -> int:
    """Write a workbook with one sheet and return the number of rows.  Texts stay texts."""
    number = 0
    # Left in any way, it removes the file in which it keeps the rows until the end.
    with Workbook(file, {"constant_memory": True}) as book:
        styles = _Styles(book)
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(titles) - 1, 0), WIDTH)
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, styles.title)
        for row in rows:
            number += 1
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell, styles)
    return number


class _Styles:
    def __init__(self, book: Workbook) -> None:
        self.title: Format = book.add_format({"bold": True})
        self.moment: Format = book.add_format({"num_format": MOMENT})
        self.day: Format = book.add_format({"num_format": DAY})


def _write(sheet: Worksheet, row: int, column: int, cell: FileCell, styles: _Styles) -> None:
    match cell:
        case "":
            return
        case str():
            sheet.write_string(row, column, cell)
        case datetime():
            sheet.write_datetime(row, column, cell, styles.moment)
        case date():
            sheet.write_datetime(row, column, cell, styles.day)
        case _:
            sheet.write_number(row, column, cell)


FORMATS: Mapping[str, FileFormat] = {
    "csv": FileFormat("text/csv; charset=utf-8", write_csv),
    "xlsx": FileFormat(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx
    ),
}
