"""What people read about their own record."""

from __future__ import annotations

import pytest

from meetings.attendance.mark_words import describe_outcome, describe_record
from meetings.attendance.marks import AttendanceCount
from meetings.attendance.outcomes import Completion


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (AttendanceCount(held=1, attended=1), "You attended 1 of 1 meeting."),
        (
            AttendanceCount(held=8, attended=4, elsewhere=1, missed=1, excused=1),
            "You attended 5 of 8 meetings, 1 of them with another group. "
            "1 missed, 1 excused, 1 not known.",
        ),
        (AttendanceCount(held=2), "You attended 0 of 2 meetings. 2 not known."),
    ],
)
def test_the_record_in_a_sentence(count: AttendanceCount, words: str) -> None:
    assert describe_record(count) == words


def meaning(outcome: Completion, **said: int) -> str:
    return describe_outcome(AttendanceCount(held=6, **said), outcome, 2)


def test_what_it_means_for_completing_the_course() -> None:
    assert meaning(Completion.NO_RULE) == ""
    assert meaning(Completion.ON_TRACK, attended=6) == (
        "You complete the course with at most 2 absences; you have none."
    )
    assert meaning(Completion.TOO_MANY, attended=3, missed=2, excused=1) == (
        "You complete the course with at most 2 absences; you have 3 absences. Excused meetings "
        "count as absences. Please talk to your facilitator about what you can do."
    )
    assert "your facilitator can correct them" in meaning(Completion.CLARIFY, missed=2)
    assert "your programme team decides" in meaning(Completion.STAFF_DECIDE)
    assert meaning(Completion.COMPLETED) == "With this attendance you have completed the course."
