"""What people read about the attendance ledger. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from cohorts.words import join_names
from meetings.attendance.marks import LedgerEntry, LedgerMark
from meetings.attendance.outcomes import Completion, RiskSignal
from meetings.rhythm import name_meeting

SENTENCES = {
    LedgerMark.ATTENDED: "counts as attended",
    LedgerMark.ELSEWHERE: "counts as attended, with another group",
    LedgerMark.UNKNOWN: "not known, so it does not count as missed",
    LedgerMark.EXCUSED: "excused",
    LedgerMark.MISSED: "counts as missed",
}

OUTCOMES = {
    Completion.NO_RULE: "",
    Completion.STAFF_DECIDE: "Staff decide: joined after week 1",
    Completion.TOO_MANY: "Too many absences",
    Completion.CLARIFY: "Clarify unknown meetings",
    Completion.ON_TRACK: "On track",
    Completion.COMPLETED: "Completed",
}


def describe_mark(mark: LedgerMark) -> str:
    return SENTENCES[mark]


def name_weeks(signal: RiskSignal) -> str:
    """Return "week 2 and week 3"."""
    return name_entries(signal.absences)


def name_entries(entries: Iterable[LedgerEntry]) -> str:
    return join_names(name_meeting(entry.meeting.number) for entry in entries)
