"""Who was there, decided on paper: a meeting from 18:00 to 19:00, sessions, and coverage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.attendance.presence import (
    MIN_PRESENCE,
    NOTHING,
    PresenceFinding,
    Span,
    find_presence,
    keep_check_in,
    merge,
    open_window,
    total,
)

DAY = datetime(2027, 3, 1, tzinfo=UTC)


def at(clock: str) -> datetime:
    hour, minute = clock.split(":")
    return DAY + timedelta(hours=int(hour), minutes=int(minute))


def spans(text: str) -> list[Span]:
    """ "17:50-18:10 18:20-19:00" """
    return [Span(at(a), at(b)) for a, b in (part.split("-") for part in text.split())]


MEETING = spans("18:00-19:00")[0]
WINDOW = open_window(MEETING)
ALL_EVENING = "12:00-23:00"
ABSENT = PresenceFinding(not_seen=True)


def found(
    stays: str, heard: str = ALL_EVENING, *, now: str = "19:01", is_expected: bool = True
) -> PresenceFinding:
    return find_presence(spans(stays), spans(heard), WINDOW, is_expected=is_expected, now=at(now))


def there_since(clock: str) -> PresenceFinding:
    return PresenceFinding(checked_in_at=at(clock))


@pytest.mark.parametrize(
    ("stays", "finding"),
    [
        ("17:58-19:02", there_since("17:58")),
        ("17:30-19:02", there_since("17:45")),  # the window opens a quarter of an hour before
        ("18:40-19:30", there_since("18:40")),  # late
        ("18:55-19:30", there_since("18:55")),  # just long enough
        ("18:56-19:30", ABSENT),
        ("18:10-18:12 18:30-18:32 18:50-18:51", there_since("18:10")),  # in total
        ("18:50-18:51 18:10-18:12 18:30-18:32", there_since("18:10")),  # in any order
        ("18:10-18:13 18:10-18:13", ABSENT),  # two devices are one person
        ("18:10-18:13 18:12-18:15", there_since("18:10")),
        ("17:45-17:50", there_since("17:45")),  # came early and had to go
        ("17:30-17:49", ABSENT),
        ("19:00-20:00", ABSENT),  # too late
        ("16:00-17:45", ABSENT),  # too early
        ("", ABSENT),
    ],
)
def test_five_minutes_from_a_quarter_of_an_hour_before_to_the_end(stays, finding):
    assert found(stays) == finding


@pytest.mark.parametrize(
    ("heard", "finding"),
    [
        ("17:45-19:00", ABSENT),
        ("17:45-18:20 18:24-19:00", ABSENT),  # a bot that restarts has no coverage for a moment
        ("17:45-18:20 18:25-19:00", NOTHING),  # five minutes: someone could have come and gone
        ("17:49-19:00", ABSENT),
        ("17:50-19:00", NOTHING),
        ("18:30-19:00", NOTHING),  # off for part of it
        ("", NOTHING),  # off throughout
    ],
)
def test_no_one_is_absent_who_could_have_been_there_without_coverage(heard, finding):
    assert found("", heard) == finding


def test_little_seen_and_little_missed_may_together_be_enough():
    assert found("18:17-18:20", "17:45-18:20 18:22-19:00") == NOTHING
    assert found("18:18-18:20", "17:45-18:20 18:22-19:00") == ABSENT


def test_a_person_seen_long_enough_was_there_even_with_gaps_in_coverage():
    assert found("18:10-18:15", "18:10-18:15") == there_since("18:10")


@pytest.mark.parametrize("now", ["17:00", "17:44", "18:00", "18:59"])
def test_no_one_is_absent_before_the_end(now):
    assert found("", now=now) == NOTHING
    assert found("", now="19:00") == ABSENT


def test_one_is_checked_in_as_soon_as_it_has_been_long_enough():
    assert found("18:00-18:04", now="18:04") == NOTHING
    assert found("18:00-18:05", now="18:05") == there_since("18:00")


def test_one_not_expected_is_never_absent_and_may_be_there():
    assert found("", is_expected=False) == NOTHING
    assert found("18:00-18:30", is_expected=False) == there_since("18:00")


@pytest.mark.parametrize(
    ("others", "opens"),
    [
        ("", "17:45"),
        ("16:00-17:00", "17:45"),
        ("17:00-18:00", "18:00"),  # one directly before: its people are at that one
        ("17:00-17:50", "17:50"),
        ("17:30-18:30", "18:00"),  # at the same time: each has its own time from its start
        ("18:30-19:30", "17:45"),
        ("19:00-20:00", "17:45"),
        ("18:00-18:30", "17:45"),
    ],
)
def test_the_time_before_a_start_belongs_to_the_meeting_still_under_way(others, opens):
    assert open_window(MEETING, spans(others)) == Span(at(opens), MEETING.until)


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        (NOTHING, there_since("18:00"), there_since("18:00")),
        (ABSENT, there_since("18:00"), there_since("18:00")),
        (NOTHING, ABSENT, ABSENT),
        (ABSENT, NOTHING, NOTHING),
        (there_since("18:00"), NOTHING, there_since("18:00")),  # its sessions are kept no longer
        (there_since("18:00"), ABSENT, there_since("18:00")),
        (there_since("18:00"), there_since("17:50"), there_since("17:50")),
        (there_since("16:00"), NOTHING, NOTHING),  # the meeting was moved since
        (there_since("16:00"), ABSENT, ABSENT),
        (there_since("17:45"), NOTHING, there_since("17:45")),  # the window's ends belong to it
        (there_since("19:00"), NOTHING, there_since("19:00")),
        (there_since("19:01"), NOTHING, NOTHING),
    ],
)
def test_a_check_in_stays_unless_the_meeting_was_moved_away(before, found, after):
    assert keep_check_in(before, found, WINDOW) == after


@pytest.mark.parametrize(
    ("sessions", "merged"),
    [
        ("18:00-18:10 18:10-18:20", "18:00-18:20"),  # end and start are the same moment
        ("18:00-18:10 18:11-18:20", "18:00-18:10 18:11-18:20"),
        ("18:30-18:30", ""),  # a session without length
    ],
)
def test_sessions_are_merged_where_they_touch(sessions, merged):
    assert merge(spans(sessions), WINDOW) == spans(merged)


# -- what holds for any evening ------------------------------------------------------------------

moments = st.integers(0, 3 * 3600).map(lambda second: at("17:00") + timedelta(seconds=second))
some_spans = st.lists(st.tuples(moments, moments).map(lambda pair: Span(*sorted(pair))), max_size=5)


def judge(stays: list[Span], heard: list[Span]) -> PresenceFinding:
    return find_presence(stays, heard, WINDOW, is_expected=True, now=at("20:00"))


def gaps(heard: list[Span]) -> list[Span]:
    """When no one listened within the window."""
    edges = [WINDOW.since, *(m for s in merge(heard, WINDOW) for m in (s.since, s.until))]
    edges.append(WINDOW.until)
    return [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


@given(some_spans, some_spans, st.randoms())
def test_order_repetition_and_seams_make_no_difference(stays, heard, random):
    shuffled = [*stays, *stays]
    random.shuffle(shuffled)
    split = [
        part
        for stay in shuffled
        for middle in [stay.since + stay.length / 2]
        for part in (Span(stay.since, middle), Span(middle, stay.until))
    ]
    assert judge(split, [*heard, *heard]) == judge(stays, heard)


@given(some_spans, some_spans, some_spans)
def test_a_person_who_is_seen_longer_was_no_less_there(stays, more, heard):
    before, after = judge(stays, heard), judge([*stays, *more], heard)
    if before.checked_in_at:
        assert after.checked_in_at
        assert after.checked_in_at <= before.checked_in_at
    assert before.not_seen or not after.not_seen


@given(some_spans, some_spans)
def test_there_means_in_the_window_and_long_enough(stays, heard):
    finding = judge(stays, heard)
    seen = merge(stays, WINDOW)
    assert bool(finding.checked_in_at) == (total(seen) >= MIN_PRESENCE)
    if finding.checked_in_at:
        assert WINDOW.since <= finding.checked_in_at <= WINDOW.until - MIN_PRESENCE
        assert not finding.not_seen


@given(some_spans)
def test_absent_is_said_exactly_where_no_gap_could_hide_a_presence(heard):
    stay = Span(at("18:10"), at("18:13"))
    seen = [part for span in merge(heard, WINDOW) for part in merge([stay], span)]
    finding = judge(seen, heard)
    hidden_too = judge([*seen, *gaps(heard)], heard)
    assert finding.not_seen == (hidden_too.checked_in_at is None)
