"""CSV files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer_csv(
    name: str, titles: Iterable[str], rows: Iterable[Iterable[str | int]]
) -> HttpResponse:
    """Return a download of these rows.  A byte order mark lets Excel read UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(titles)
    writer.writerows(map(neutralize, rows))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    text = "\ufeff" + file.getvalue()
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


def neutralize(cells: Iterable[str | int]) -> list[str | int]:
    """Return the cells so that a spreadsheet takes none of them for a formula."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA) else cell
        for cell in cells
    ]
