"""Answer a request with a list as a file, and record who exported it.

Exports are asked for by POST: each writes an entry of Activity, so a link that is followed or
fetched ahead must not cause one, and the search text, which may name a person, stays out of the
address.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import FileResponse, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.timezone import get_current_timezone, localdate

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.exports.file_cells import FileCell, make_cell
from cohorts.exports.file_formats import FORMATS
from cohorts.models import Cohort
from cohorts.web.refusal_messages import shown_refusals

MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A list with all of its rows.  `title` names it, also in the file's name.

    `filters` says in words which rows were chosen, without names of people.
    """

    title: str
    columns: Sequence[str]
    rows: Iterable[Iterable[Any]]
    filters: str = ""
    cohort: Cohort | None = None


def read_query(request: HttpRequest) -> QueryDict:
    """Return the query of the list that is exported, which says how it is filtered."""
    query = QueryDict(request.POST.get("query", ""), mutable=True)
    if "%00" in query.urlencode():  # no text in PostgreSQL can hold it
        raise BadRequest("The query contains a zero byte.")
    return query


def with_zone(title: str) -> str:
    """Return the title of a column of times: "Due at (Europe/Berlin)", the reader's zone."""
    return f"{title} ({str(get_current_timezone()).replace('_', ' ')})"


def check_size(number: int) -> None:
    """Raise Refusal for more rows than a file may have."""
    if number > MOST_ROWS:
        raise Refusal(
            "too_many_rows",
            f"This list has {number:,} rows, and a file at most {MOST_ROWS:,}. Narrow the list "
            "with a filter or a search, then export each part.",
        )


def answer_or_explain(
    request: HttpRequest, read: Callable[[], ExportedList], *, back: str
) -> HttpResponseBase:
    """Return a download of the list; if that is refused, lead back to the list with the reason."""
    with shown_refusals(request):
        return answer_export(request, read())
    return redirect(back)


def answer_export(request: HttpRequest, exported: ExportedList) -> FileResponse:
    """Return a download of the list in the format that was asked for.  Raises Refusal.

    The file is complete before the answer begins: an error is a page, never half a file.
    """
    extension = request.POST.get("format", "")
    if extension not in FORMATS:
        raise Refusal("unknown_format", "Choose CSV or XLSX.")
    chosen = FORMATS[extension]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    number = chosen.write(file, exported.columns, _make_rows(exported.rows))
    _record(request, exported, number, extension.upper())
    file.seek(0)
    name = f"{slugify(exported.title) or 'list'}-{localdate():%Y-%m-%d}.{extension}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=chosen.content_type)


def _record(request: HttpRequest, exported: ExportedList, number: int, file_format: str) -> None:
    said = {"List": exported.title, "Rows": number, "File": file_format}
    if exported.filters:
        said["Filters"] = exported.filters
    changes = {label: ("", value) for label, value in said.items()}
    record("exported", by=request.user.pk, cohort=exported.cohort, changes=changes)


def _make_rows(rows: Iterable[Iterable[Any]]) -> Iterator[list[FileCell]]:
    zone = get_current_timezone()
    for number, row in enumerate(rows, start=1):
        check_size(number)
        yield [make_cell(value, zone) for value in row]
