"""What a record means: whether the course counts as completed, and who is at risk. Pure.

The first matching row decides about completion, in a cohort that allows some number of absences:

    the record                                                     outcome
    -------------------------------------------------------------  ------------------------------
    began after week 1                                             staff decide
    missed and excused meetings exceed those allowed               too many absences
    with the unknown ones they would                               clarify
    anything else                                                  completed; before the cohort's
                                                                   end: on track

Someone is at risk from the moment at which either holds, until they take part again:

    two final misses in a row     excused meetings are passed over, an unknown one ends the row
    as many final absences as     missed and excused; at least one
      are allowed, or more

Marks that are not final count only if the person took part.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from meetings.attendance.marks import ABSENT, TOOK_PART, AttendanceCount, LedgerEntry, LedgerMark

IN_A_ROW = 2  # final misses


class Completion(StrEnum):
    NO_RULE = "no_rule"
    STAFF_DECIDE = "staff_decide"
    TOO_MANY = "too_many"
    CLARIFY = "clarify"
    ON_TRACK = "on_track"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class RiskSignal:
    """Why someone is at risk: the absences since the person last took part, by start.

    `last_meeting_id` identifies the signal: another absence makes another signal.
    """

    absences: tuple[LedgerEntry, ...]

    @property
    def last_meeting_id(self) -> int:
        return self.absences[-1].meeting.id


def decide_outcome(
    count: AttendanceCount, allowed: int | None, *, began_late: bool, is_over: bool
) -> Completion:
    if allowed is None:
        return Completion.NO_RULE
    if began_late:
        return Completion.STAFF_DECIDE
    if count.absent > allowed:
        return Completion.TOO_MANY
    if count.absent + count.unknown > allowed:
        return Completion.CLARIFY
    return Completion.COMPLETED if is_over else Completion.ON_TRACK


def least_absences(allowed: int | None) -> int:
    """Return how many absences any signal has at least."""
    return IN_A_ROW if allowed is None else max(1, min(IN_A_ROW, allowed))


def find_risk(entries: Iterable[LedgerEntry], allowed: int | None) -> RiskSignal | None:
    """Return the signal that holds now, None without one. `entries` are in order."""
    in_a_row = absent = 0
    since: list[LedgerEntry] = []  # absences since the person took part
    signal: RiskSignal | None = None
    for entry in entries:
        if entry.mark in TOOK_PART:
            in_a_row, since, signal = 0, [], None
        elif entry.is_final and entry.mark in ABSENT:
            absent += 1
            since.append(entry)
            in_a_row += entry.mark == LedgerMark.MISSED
            is_row = entry.mark == LedgerMark.MISSED and in_a_row >= IN_A_ROW
            if is_row or (allowed is not None and absent >= allowed):
                signal = RiskSignal(tuple(since))
        elif entry.is_final:
            in_a_row = 0
    return signal
