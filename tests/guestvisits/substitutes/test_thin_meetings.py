"""Which meetings are thin, and which one they should join."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.needs.open_cohorts import DeskMember
from guestvisits.substitutes.thin_meetings import ExpectedMeeting, choose_host
from meetings.needs.upcoming import DeskAnswer, expected_people
from meetings.plain_meetings import PlainMeeting

NOW = datetime(2027, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GROUPS = {"Heron": 1, "Wren": 2, "Robin": 3}


def member(user_id: int) -> DeskMember:
    return DeskMember(user_id, user_id, 1, 1, "participant", f"P{user_id}", "", "UTC", None)


def answer(user_id: int, rsvp: str, *, is_guest: bool = False) -> DeskAnswer:
    return DeskAnswer(1, user_id, f"P{user_id}", rsvp, is_guest)


def meeting(
    group: str, expected: int, *, hours: int = 24, number: int | None = 3, cohort: int = 1
) -> ExpectedMeeting:
    pk = GROUPS[group]
    return ExpectedMeeting(
        PlainMeeting(pk, pk, number, NOW + hours * HOUR, 60, False), cohort, expected
    )


@pytest.mark.parametrize(
    ("hours", "expected", "thin"),
    [(1, 2, True), (48, 2, True), (49, 0, False), (24, 3, False), (0, 0, False), (-1, 0, False)],
)
def test_a_meeting_is_thin_within_48_hours_with_at_most_two_people(hours, expected, thin):
    assert meeting("Heron", expected, hours=hours).is_thin(NOW) is thin


def test_members_who_have_not_declined_and_guests_are_expected():
    members = [member(1), member(2), member(3)]
    answers = [
        answer(1, "not_attending"),
        answer(2, "tentative"),
        answer(7, "attending", is_guest=True),
        answer(8, "not_attending", is_guest=True),
        answer(9, "attending"),  # a former member
        answer(3, "attending", is_guest=True),  # a guest who became a member
    ]
    assert expected_people(members, answers) == ({2, 3}, {7})


@pytest.mark.parametrize(
    ("others", "host"),
    [
        ([meeting("Wren", 4), meeting("Robin", 5)], "Robin"),
        ([meeting("Wren", 2)], None),  # thin too
        ([meeting("Wren", 4, number=4)], None),  # another week
        ([meeting("Wren", 4, cohort=2)], None),
        ([meeting("Wren", 4, hours=100)], "Wren"),
        ([], None),
    ],
)
def test_it_joins_the_fullest_group_of_the_same_week_and_cohort(others, host):
    thin = meeting("Heron", 2)
    found = choose_host(thin, [thin, *others])
    assert (found and found.meeting.group_id) == (GROUPS[host] if host else None)


def test_an_extra_session_joins_no_other_one():
    assert choose_host(meeting("Heron", 1, number=None), [meeting("Wren", 5, number=None)]) is None
