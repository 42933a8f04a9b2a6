"""What a letter about an end says of attendance."""

import pytest

from guestvisits.ending.end_letters import describe_attendance
from meetings.attendance.marks import AttendanceCount


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (AttendanceCount(held=0, attended=0), ""),
        (AttendanceCount(held=4, attended=0), ""),  # no one kept a record
        (AttendanceCount(held=4, attended=0, missed=4), "You attended 0 of 4 meetings."),
        (AttendanceCount(held=1, attended=1), "You attended 1 of 1 meeting."),
        (
            AttendanceCount(held=8, attended=6, elsewhere=1, missed=1),
            "You attended 7 of 8 meetings, one of them with another group.",
        ),
        (
            AttendanceCount(held=4, attended=1),
            "You attended 1 of 4 meetings; for 3 of them it is not known.",
        ),
        (
            AttendanceCount(held=4, attended=0, missed=3),
            "You attended 0 of 4 meetings; for 1 of them it is not known.",
        ),
    ],
)
def test_the_letter_claims_nothing_about_meetings_without_a_record(count, words):
    assert describe_attendance(count) == words
