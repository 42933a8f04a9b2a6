"""What a meeting counts as for one person: each row of the tables, and what always holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.attendance.marks import (
    ABSENT,
    TOOK_PART,
    LedgerEntry,
    LedgerMark,
    LedgerVisit,
    PersonAtMeeting,
    count_marks,
    decide_entry,
    list_entries,
)
from meetings.plain_meetings import PlainMeeting

START = datetime(2027, 2, 1, 18, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = START + 30 * DAY
HELD = PlainMeeting(1, 10, 3, START, 60, seen=4)
HOST = PlainMeeting(2, 20, 3, START + 2 * DAY, 60, seen=4)
THERE = PersonAtMeeting("present")
NOT_THERE = PersonAtMeeting("absent")
CANNOT = PersonAtMeeting("absent", is_excused=True, has_declined=True)
UNKNOWN = PersonAtMeeting()


def mark(
    person: PersonAtMeeting, *visits: LedgerVisit, meeting: PlainMeeting = HELD
) -> LedgerMark | None:
    entry = decide_entry(meeting, person, visits, now=LATER)
    return entry.mark if entry else None


# -- one meeting -------------------------------------------------------------------------------


def test_those_seen_attended_and_those_not_seen_missed() -> None:
    assert mark(THERE) == LedgerMark.ATTENDED
    assert mark(NOT_THERE) == LedgerMark.MISSED
    assert mark(UNKNOWN) == LedgerMark.UNKNOWN


def test_nobody_missed_a_meeting_that_was_moved_after_it_should_have_begun() -> None:
    moved = HELD._replace(was_moved_late=True)
    assert mark(NOT_THERE, meeting=moved) == LedgerMark.UNKNOWN
    assert mark(CANNOT, meeting=moved) == LedgerMark.EXCUSED
    assert mark(THERE, meeting=moved) == LedgerMark.ATTENDED


def test_a_visit_in_the_same_week_makes_up_for_a_meeting() -> None:
    assert mark(NOT_THERE, LedgerVisit(HOST, THERE)) == LedgerMark.ELSEWHERE
    assert mark(CANNOT, LedgerVisit(HOST, THERE)) == LedgerMark.ELSEWHERE
    assert mark(THERE, LedgerVisit(HOST, THERE)) == LedgerMark.ATTENDED


def test_a_visit_that_was_missed_makes_up_for_nothing() -> None:
    assert mark(NOT_THERE, LedgerVisit(HOST, NOT_THERE)) == LedgerMark.MISSED
    assert mark(CANNOT, LedgerVisit(HOST, NOT_THERE)) == LedgerMark.EXCUSED


@pytest.mark.parametrize(
    ("host", "guest"),
    [
        (HOST, UNKNOWN),  # the bot was off there, or the visit is ahead
        (HOST._replace(seen=1), NOT_THERE),  # nobody knows whether they met
        (HOST._replace(held="elsewhere"), NOT_THERE),  # not where the bot looked
    ],
)
def test_a_visit_of_unclear_outcome_is_no_miss(host: PlainMeeting, guest: PersonAtMeeting) -> None:
    assert mark(NOT_THERE, LedgerVisit(host, guest)) == LedgerMark.UNKNOWN
    declined = replace(guest, has_declined=True)
    assert mark(NOT_THERE, LedgerVisit(host, declined)) == LedgerMark.MISSED


def test_until_someone_says_whether_it_was_held_everything_is_unknown() -> None:
    alone = HELD._replace(seen=1)
    for person in (NOT_THERE, CANNOT, UNKNOWN):
        assert mark(person, meeting=alone) == LedgerMark.UNKNOWN
    assert mark(NOT_THERE, LedgerVisit(HOST, THERE), meeting=alone) == LedgerMark.ELSEWHERE


def test_a_meeting_that_was_not_held_is_expected_of_nobody() -> None:
    for person in (THERE, NOT_THERE, CANNOT, UNKNOWN):
        assert mark(person, meeting=HELD._replace(held="no")) is None


def test_where_a_group_met_somewhere_else_only_people_say_who_was_absent() -> None:
    somewhere = HELD._replace(seen=0, held="elsewhere")
    assert mark(NOT_THERE, meeting=somewhere) == LedgerMark.UNKNOWN
    assert mark(replace(NOT_THERE, is_noted=True), meeting=somewhere) == LedgerMark.MISSED
    assert mark(NOT_THERE, meeting=HELD._replace(seen=0, held="here")) == LedgerMark.MISSED


def test_those_who_said_no_before_the_start_are_excused_also_where_nothing_is_known() -> None:
    assert mark(CANNOT) == LedgerMark.EXCUSED
    assert mark(replace(UNKNOWN, is_excused=True)) == LedgerMark.EXCUSED
    assert mark(replace(THERE, is_excused=True)) == LedgerMark.ATTENDED


def is_final(now: datetime, *visits: LedgerVisit, ended: datetime | None = None) -> bool:
    entry = decide_entry(HELD, NOT_THERE, visits, now=now, cohort_ended_at=ended)
    assert entry
    return entry.is_final


def test_a_mark_is_final_a_day_after_the_meeting() -> None:
    assert not is_final(HELD.ends_at + DAY - HOUR)
    assert is_final(HELD.ends_at + DAY)


def test_a_mark_is_final_when_the_visit_of_that_week_is_over() -> None:
    visit = LedgerVisit(HOST, UNKNOWN)
    assert not is_final(HELD.ends_at + DAY, visit)
    assert not is_final(HOST.ends_at - HOUR, visit)
    assert is_final(HOST.ends_at, visit)
    assert is_final(HELD.ends_at + DAY, replace(visit, guest=CANNOT))


def test_the_end_of_the_cohort_makes_every_mark_final() -> None:
    assert is_final(HELD.ends_at + HOUR, LedgerVisit(HOST, UNKNOWN), ended=HELD.ends_at + HOUR)


# -- someone who came from another group ---------------------------------------------------------

Weeks = list[tuple[int | None, int, str]]  # number, days after joining, mark


def entries(weeks: Weeks, group: int) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            PlainMeeting(100 * group + n, group, number, START + days * DAY, 0),
            LedgerMark(was),
        )
        for n, (number, days, was) in enumerate(weeks)
    ]


def count(own: Weeks, earlier: Weeks) -> list[str]:
    return [one.mark.value for one in list_entries(entries(own, 1), entries(earlier, 2), START)]


@pytest.mark.parametrize(
    ("own", "earlier", "expected"),
    [
        ([(1, -7, "unknown")], [(1, -8, "attended")], ["attended"]),  # both held it
        ([(1, -7, "unknown")], [(1, -8, "missed")], ["missed"]),
        ([(1, 2, "unknown")], [(1, -1, "attended")], ["attended"]),  # on both sides of the merge
        ([(1, 2, "attended")], [(1, -1, "missed")], ["attended"]),
        ([(1, 2, "missed")], [(1, -1, "unknown")], ["unknown"]),  # may have attended it before
        ([(1, 2, "missed")], [(1, -1, "missed")], ["missed"]),
        ([(1, -7, "unknown")], [], []),  # only the new group held it, before they joined
        ([(1, -7, "elsewhere")], [], ["elsewhere"]),
        ([], [(1, -7, "missed")], []),  # only the earlier group held it
        ([], [(1, -7, "attended")], ["attended"]),
        ([], [(None, -7, "unknown")], []),
        ([], [(None, -7, "attended")], ["attended"]),
        ([(None, -3, "unknown"), (None, 3, "unknown")], [], ["unknown"]),
        ([], [(1, -9, "missed"), (1, -7, "attended")], ["attended"]),  # two earlier groups
        ([(2, 5, "missed"), (3, 1, "attended")], [], ["attended", "missed"]),  # by start
    ],
)
def test_each_week_counts_as_the_table_says(
    own: Weeks, earlier: Weeks, expected: list[str]
) -> None:
    assert count(own, earlier) == expected


def test_what_happened_before_someone_joined_is_not_expected_of_them() -> None:
    assert count([(1, -7, "missed"), (2, 0, "missed")], []) == ["missed"]


days = st.integers(-40, 40)
weeks = st.lists(
    st.tuples(st.integers(1, 6), days, st.sampled_from([mark.value for mark in LedgerMark])),
    unique_by=lambda one: one[0],
)


@given(weeks, weeks)
def test_a_week_counts_once_and_attending_it_is_never_lost(own: Weeks, earlier: Weeks) -> None:
    found = count(own, earlier)
    attended = {n for n, _, was in (*own, *earlier) if was in TOOK_PART}
    assert sum(was in TOOK_PART for was in found) == len(attended)
    assert len(found) <= len({n for n, *_ in (*own, *earlier)})


@given(weeks, weeks)
def test_a_week_is_an_absence_only_if_the_persons_own_group_says_so(
    own: Weeks, earlier: Weeks
) -> None:
    """Not if only another group held it, nor if one of the two may have been attended."""
    for entry in list_entries(entries(own, 1), entries(earlier, 2), START):
        if entry.mark in ABSENT:
            number = entry.meeting.number
            before = [was for n, _, was in earlier if n == number]
            mine = [(d >= 0, was) for n, d, was in own if n == number]
            assert mine, "the group that the person is in now held it"
            assert (mine[0][0] and mine[0][1] in ABSENT) or before[0] in ABSENT
            assert not (entry.mark == LedgerMark.MISSED and "unknown" in before and mine[0][0])


def test_sums_count_each_mark() -> None:
    found = count_marks(entries([(n, n, mark.value) for n, mark in enumerate(LedgerMark, 1)], 1))
    assert (found.held, found.attended, found.elsewhere, found.excused, found.missed) == (
        (5, 1, 1, 1, 1)
    )
    assert (found.unknown, found.absent) == (1, 2)
