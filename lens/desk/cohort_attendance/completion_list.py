"""The completion list: the attendance of a cohort as the rows of a file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lens.desk.cohort_attendance.rows import (
    build_line,
    choose_weeks,
    has_extra_sessions,
)
from meetings.attendance.ledger import AttendanceRecord
from meetings.attendance.mark_words import name_weeks

SUMS = ("Held", "Attended", "With another group", "Excused", "Missed", "Not known")


def build_table(
    records: Collection[AttendanceRecord], planned: int, *, with_addresses: bool
) -> tuple[list[str], Iterator[Iterable[str | int]]]:
    """Return the titles of the columns, and the rows."""
    weeks, extra = choose_weeks(records, planned), has_extra_sessions(records)
    titles = [f"Week {number}" for number in weeks] + (["Extra sessions"] if extra else [])
    rows = (
        [*_name_person(record, with_address=with_addresses), *_cells(record, weeks, extra)]
        for record in records
    )
    person = ["Name", "E-mail", "Group"] if with_addresses else ["Name", "Group"]
    return [*person, *titles, *SUMS, "Result", "At risk"], rows


def _name_person(record: AttendanceRecord, *, with_address: bool) -> Iterator[str]:
    yield record.member.user.display_name
    if with_address:
        yield record.member.user.email or ""
    yield record.member.group.name


def _cells(record: AttendanceRecord, weeks: Iterable[int], with_extra: bool) -> Iterator[str | int]:
    line, count = build_line(record, weeks, with_extra=with_extra), record.count
    yield from (cell.letters for cell in line.cells)
    yield from (count.held, count.attended, count.elsewhere, count.excused, count.missed)
    yield from (count.unknown, line.outcome)
    yield name_weeks(record.open_risk) if record.open_risk else ""
