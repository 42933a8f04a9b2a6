"""What people read about the attendance ledger. Pure."""

from cohorts.words import count, join_names
from meetings.attendance.marks import AttendanceCount, LedgerMark
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
    return join_names(name_meeting(entry.meeting.number) for entry in signal.absences)


# -- what learners read ---------------------------------------------------------------------------


def describe_record(found: AttendanceCount) -> str:
    """Return "You attended 5 of 8 meetings, 1 of them with another group. 1 missed, 1 excused."."""
    words = f"You attended {found.took_part} of {count(found.held, 'meeting')}"
    if found.elsewhere:
        words += f", {found.elsewhere} of them with another group"
    rest = [(found.missed, "missed"), (found.excused, "excused"), (found.unknown, "not known")]
    parts = [f"{number} {what}" for number, what in rest if number]
    return f"{words}. {', '.join(parts)}." if parts else f"{words}."


def describe_outcome(found: AttendanceCount, outcome: Completion, allowed: int | None) -> str:
    """Return what the record means for completing the course, "" where that does not depend on
    attendance."""
    if outcome == Completion.NO_RULE or allowed is None:
        return ""
    if outcome == Completion.STAFF_DECIDE:
        return (
            "You joined after week 1, so your programme team decides whether you complete the "
            "course."
        )
    if outcome == Completion.COMPLETED:
        return "With this attendance you have completed the course."
    so_far = count(found.absent, "absence") if found.absent else "none"
    words = f"You complete the course with at most {count(allowed, 'absence')}; you have {so_far}."
    if found.excused:
        words += " Excused meetings count as absences."
    if outcome == Completion.TOO_MANY:
        words += " Please talk to your facilitator about what you can do."
    if outcome == Completion.CLARIFY:
        words += (
            " That depends on the meetings that are not known: your facilitator can correct them."
        )
    return words
