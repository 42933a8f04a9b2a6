"""The attendance of each week as a chart. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lens.charts.stacked_bars import BarChart, build_bars
from meetings.attendance.ledger import AttendanceRecord
from meetings.attendance.marks import LedgerMark

SERIES = {
    LedgerMark.ATTENDED: "Attended",
    LedgerMark.ELSEWHERE: "With another group",
    LedgerMark.EXCUSED: "Excused",
    LedgerMark.MISSED: "Missed",
    LedgerMark.UNKNOWN: "Not known",
}
NOTHING = "A chart of the attendance of each week appears after the first meeting."


def chart_attendance(records: Iterable[AttendanceRecord]) -> BarChart | None:
    """Return how many people each mark has in each week, without extra sessions."""
    marks = Counter(
        (entry.meeting.number, entry.mark) for record in records for entry in record.entries
    )
    weeks = sorted({number for number, _ in marks if number is not None})
    rows = [(f"Week {week}", [marks[week, mark] for mark in SERIES]) for week in weeks]
    title = "Attendance of each week, in people"
    return build_bars("attendance", title, "Week", list(SERIES.values()), rows)
