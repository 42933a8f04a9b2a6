"""Import many existing objects by id, from a CSV file.

One line per object, with the columns `cohort,group,kind,discord_id` and, for a cohort's further
categories, `number`.  If a line is invalid, its number is reported and nothing is recorded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.db import transaction

from cohorts.activity.recording import one_act
from cohorts.errors import Refusal
from cohorts.models import Cohort, Group
from cohorts.selectors import find_cohort
from cohorts.validators import check_snowflake
from discordsync.services import OF_COHORT, OF_GROUP, record_existing

COLUMNS = ("cohort", "group", "kind", "discord_id")
MOST_LINES = 2000
MOST_BYTES = 500_000


class BadLines(Exception):
    """The errors in a file: a list of (line number, sentence)."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__(f"{len(problems)} lines have errors.")
        self.problems = problems


def record_all(data: bytes) -> int:
    """Record the objects in the file and return their number.  Raises BadLines, changing nothing.

    Each line is tried so that all errors are reported together; one error rolls everything back.
    """
    lines = list(_read(data))  # all of them first: a file that is too long costs no query
    problems: list[tuple[int, str]] = []
    count = 0
    with transaction.atomic(), one_act("object_imported") as act:
        for number, cells in lines:
            try:
                with transaction.atomic():
                    _record(cells)
                count += 1
            except Refusal as refusal:
                problems.append((number, refusal.sentence))
        if problems:
            raise BadLines(problems)
        act.changes = {"Objects": ["", count]}
    return count


def _read(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the lines with their numbers.  Raises BadLines if the file is not such a table."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadLines([(1, "The file is not UTF-8. Save it as “CSV UTF-8”.")]) from None
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise BadLines(
            [(1, f"The column {missing[0]} is missing. Required: {', '.join(COLUMNS)}.")]
        )
    reader.fieldnames = names
    for row in _rows(reader):
        if reader.line_num > MOST_LINES:
            raise BadLines([(reader.line_num, f"The file has more than {MOST_LINES} lines.")])
        cells = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "number")}
        if any(cells.values()):
            yield reader.line_num, cells


def _rows(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error:
        sentence = "A quotation mark is opened here but not closed."
        raise BadLines([(reader.line_num + 1, sentence)]) from None


def _record(cells: dict[str, str]) -> None:
    cohort = find_cohort(cells["cohort"])
    record_existing(
        _kind(cells["kind"]),
        cohort=cohort,
        group=_find_group(cohort, cells["group"]),
        outside_id=_discord_id(cells["discord_id"]),
        ordinal=_ordinal(cells["number"]),
    )


def _kind(text: str) -> str:
    kind = text.lower().replace(" ", "_")
    known = sorted(OF_COHORT | OF_GROUP)
    if kind not in known:
        raise Refusal("kind", f"“{text}” is not a kind. Use one of {', '.join(known)}.")
    return kind


def _find_group(cohort: Cohort, name: str) -> Group | None:
    if not name:
        return None
    group = cohort.groups.filter(name__iexact=name).first()
    if group is None:
        raise Refusal("group", f"{cohort} has no group “{name}”.")
    return group


def _discord_id(text: str) -> int:
    try:
        value = int(text)
        check_snowflake(value)
    except (ValueError, ValidationError):
        raise Refusal("id", f"“{text}” is not a Discord ID. It has 15 to 19 digits.") from None
    return value


def _ordinal(text: str) -> int:
    if not text:
        return 1
    if not text.isdecimal() or not 1 <= int(text) <= 20:
        raise Refusal("number", f"“{text}” is not a category number. Use a number from 1 to 20.")
    return int(text)
