"""Completion and risk: each row of the tables, and what holds for any record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.attendance.marks import (
    AttendanceCount,
    LedgerEntry,
    LedgerMark,
    count_marks,
)
from meetings.attendance.outcomes import Completion, decide_outcome, find_risk, least_absences
from meetings.plain_meetings import PlainMeeting

START = datetime(2027, 2, 1, 18, tzinfo=UTC)
LETTERS = {
    "a": LedgerMark.ATTENDED,
    "e": LedgerMark.ELSEWHERE,
    "u": LedgerMark.UNKNOWN,
    "x": LedgerMark.EXCUSED,
    "m": LedgerMark.MISSED,
}


def record(letters: str) -> list[LedgerEntry]:
    """A week each; a letter in upper case is not final."""
    return [
        LedgerEntry(
            PlainMeeting(n, 1, n, START + timedelta(weeks=n), 0),
            LETTERS[letter.lower()],
            is_final=letter.islower(),
        )
        for n, letter in enumerate(letters, 1)
    ]


def outcome(letters: str, allowed: int | None, **said: bool) -> Completion:
    facts = {"began_late": False, "is_over": True, **said}
    return decide_outcome(count_marks(record(letters)), allowed, **facts)


@pytest.mark.parametrize(
    ("letters", "allowed", "expected"),
    [
        ("aaam", None, Completion.NO_RULE),
        ("aaem", 1, Completion.COMPLETED),
        ("aaem", 0, Completion.TOO_MANY),
        ("aaxm", 1, Completion.TOO_MANY),  # excused counts as absent
        ("aaum", 1, Completion.CLARIFY),
        ("aaum", 2, Completion.COMPLETED),  # whatever the unknown one was
        ("aumm", 1, Completion.TOO_MANY),  # whatever the unknown one was
        ("", 0, Completion.COMPLETED),
    ],
)
def test_completion_follows_the_table(
    letters: str, allowed: int | None, expected: Completion
) -> None:
    assert outcome(letters, allowed) == expected


def test_staff_decide_about_people_who_began_late_and_nothing_is_completed_before_the_end() -> None:
    assert outcome("mmm", 1, began_late=True) == Completion.STAFF_DECIDE
    assert outcome("aaa", None, began_late=True) == Completion.NO_RULE
    assert outcome("aam", 1, is_over=False) == Completion.ON_TRACK


numbers = st.integers(0, 8)


@given(numbers, numbers, numbers, numbers, numbers, numbers)
def test_an_unknown_meeting_decides_nothing_whatever_it_was(
    attended: int, elsewhere: int, excused: int, missed: int, unknown: int, allowed: int
) -> None:
    def decide(there: int, absent: int) -> Completion:
        held = attended + elsewhere + excused + missed + unknown
        count = AttendanceCount(held, attended + there, elsewhere, excused, missed + absent)
        return decide_outcome(count, allowed, began_late=False, is_over=True)

    now, best, worst = decide(0, 0), decide(unknown, 0), decide(0, unknown)
    assert now == (best if best == worst else Completion.CLARIFY)


# -- at risk -----------------------------------------------------------------------------------


def weeks_of(letters: str, allowed: int | None = None) -> list[int | None]:
    signal = find_risk(record(letters), allowed)
    return [entry.meeting.number for entry in signal.absences] if signal else []


@pytest.mark.parametrize(
    ("letters", "weeks"),
    [
        ("am", []),
        ("amm", [2, 3]),
        ("ammm", [2, 3, 4]),
        ("mam", []),
        ("mem", []),
        ("mxm", [1, 2, 3]),  # excused is passed over
        ("mum", []),  # unknown ends the row
        ("mmu", [1, 2]),  # but not what is known already
        ("mma", []),  # attended since
        ("mmA", []),  # also before that is final
        ("mM", []),  # not final yet
        ("mMm", [1, 3]),
        ("xx", []),
    ],
)
def test_two_final_misses_in_a_row_put_someone_at_risk(letters: str, weeks: list[int]) -> None:
    assert weeks_of(letters) == weeks


def test_as_many_absences_as_are_allowed_put_someone_at_risk_until_they_take_part() -> None:
    assert weeks_of("amax", 2) == [4]
    assert weeks_of("amaxa", 2) == []
    assert weeks_of("amaxam", 2) == [6]
    assert weeks_of("aaaa", 0) == []
    assert weeks_of("am", 0) == [2]
    assert weeks_of("am", 2) == []


def test_an_excused_meeting_makes_no_new_signal_of_two_misses() -> None:
    before, after = find_risk(record("mm"), None), find_risk(record("mmx"), None)
    assert before
    assert after
    assert before.last_meeting_id == after.last_meeting_id == 2


letters = st.text(alphabet="aeuxmAEUXM", max_size=12)


@given(letters, st.none() | st.integers(0, 4))
def test_nobody_is_at_risk_without_enough_final_absences_since_they_took_part(
    said: str, allowed: int | None
) -> None:
    since = ""
    for letter in said:
        since = "" if letter in "aeAE" else since + letter
    finals = [letter for letter in said if letter in "mx"]
    enough = allowed is not None and len(finals) >= max(allowed, 1)
    in_a_row = any(
        "mm" in part.replace("x", "") for part in "".join(c for c in since if c in "mxu").split("u")
    )
    expected = in_a_row or (enough and any(letter in "mx" for letter in since))
    assert bool(find_risk(record(said), allowed)) == expected


@given(st.text("aeuxm", max_size=8), st.none() | st.integers(0, 8))
def test_nobody_is_at_risk_with_fewer_absences_than_any_signal_needs(
    letters: str, allowed: int | None
) -> None:
    if find_risk(record(letters), allowed):
        assert letters.count("m") + letters.count("x") >= least_absences(allowed)
