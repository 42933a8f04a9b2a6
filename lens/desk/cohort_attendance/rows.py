"""The rows of the attendance table: one person, their marks by week, and the result; and its chart.

Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lens.charts.stacked_bars import BarChart, build_bars
from meetings.attendance.ledger import AttendanceRecord
from meetings.attendance.mark_words import OUTCOMES
from meetings.attendance.marks import LedgerEntry, LedgerMark
from meetings.attendance.outcomes import Completion

LETTERS = {
    LedgerMark.ATTENDED: "A",
    LedgerMark.ELSEWHERE: "E",
    LedgerMark.EXCUSED: "X",
    LedgerMark.MISSED: "M",
    LedgerMark.UNKNOWN: "?",
}
MEANINGS = {LedgerMark.ELSEWHERE: "attended with another group", LedgerMark.UNKNOWN: "not known"}
LEGEND = [(mark.value, letter, MEANINGS.get(mark, mark.value)) for mark, letter in LETTERS.items()]
NOT_FINAL = "*"
AT_RISK = "at-risk"


@dataclass(frozen=True, slots=True)
class MarkCell:
    """The marks of one week, which are several only for extra sessions. `letters` is empty if
    nothing was expected."""

    name: str = ""
    letters: str = ""


@dataclass(frozen=True, slots=True)
class AttendanceLine:
    record: AttendanceRecord
    cells: Sequence[MarkCell]

    @property
    def outcome(self) -> str:
        if is_shown_at_risk(self.record):
            return "At risk"
        return OUTCOMES[self.record.outcome]


@dataclass(frozen=True, slots=True)
class ShownFilter:
    """A filter of the list, and how many people it shows."""

    key: str
    title: str
    number: int


def is_shown_at_risk(record: AttendanceRecord) -> bool:
    """Return whether the result is “At risk”: not too many absences yet, but staff should act."""
    return record.outcome == Completion.ON_TRACK and bool(record.open_risk)


def choose_weeks(records: Iterable[AttendanceRecord], planned: int) -> list[int]:
    """Return the numbers of the table's columns."""
    numbers = [entry.meeting.number or 0 for one in records for entry in one.entries]
    return list(range(1, max([planned, *numbers]) + 1))


def has_extra_sessions(records: Iterable[AttendanceRecord]) -> bool:
    return any(entry.meeting.number is None for one in records for entry in one.entries)


def build_line(
    record: AttendanceRecord, weeks: Iterable[int], *, with_extra: bool
) -> AttendanceLine:
    by_week: Mapping[int | None, list[LedgerEntry]] = defaultdict(list)
    for entry in record.entries:
        by_week[entry.meeting.number].append(entry)
    columns: list[int | None] = [*weeks, *([None] if with_extra else [])]
    return AttendanceLine(record, tuple(_cell(by_week[number]) for number in columns))


def _cell(entries: Collection[LedgerEntry]) -> MarkCell:
    if not entries:
        return MarkCell()
    letters = "".join(
        LETTERS[entry.mark] + ("" if entry.is_final else NOT_FINAL) for entry in entries
    )
    marks = {entry.mark for entry in entries}
    return MarkCell(marks.pop().value if len(marks) == 1 else "", letters)


def list_filters(records: Collection[AttendanceRecord]) -> list[ShownFilter]:
    """Return the filters that would show someone."""
    outcomes = Counter(record.outcome for record in records if not is_shown_at_risk(record))
    found = [
        ShownFilter("", "Everyone", len(records)),
        ShownFilter(AT_RISK, "At risk", sum(bool(record.open_risk) for record in records)),
    ]
    found += [
        ShownFilter(outcome.value, OUTCOMES[outcome], outcomes[outcome])
        for outcome in Completion
        if outcome != Completion.NO_RULE
    ]
    return [one for one in found if one.number or not one.key]


def choose_records(records: Iterable[AttendanceRecord], show: str) -> list[AttendanceRecord]:
    """Return the records that a filter shows; all of them for an unknown one."""
    if show == AT_RISK:
        return [record for record in records if record.open_risk]
    if show in {outcome.value for outcome in Completion}:
        return [one for one in records if one.outcome == show and not is_shown_at_risk(one)]
    return list(records)


# -- the chart -------------------------------------------------------------------------------------

SERIES = {
    LedgerMark.ATTENDED: "Attended",
    LedgerMark.ELSEWHERE: "With another group",
    LedgerMark.EXCUSED: "Excused",
    LedgerMark.MISSED: "Missed",
    LedgerMark.UNKNOWN: "Not known",
}
NO_CHART = "A chart of the attendance of each week appears after the first meeting."


def chart_attendance(records: Iterable[AttendanceRecord]) -> BarChart | None:
    """Return how many people each mark has in each week, without extra sessions."""
    marks = Counter(
        (entry.meeting.number, entry.mark) for record in records for entry in record.entries
    )
    weeks = sorted({number for number, _ in marks if number is not None})
    rows = [(f"Week {week}", [marks[week, mark] for mark in SERIES]) for week in weeks]
    title = "Attendance of each week, in people"
    return build_bars("attendance", title, "Week", list(SERIES.values()), rows)
