"""Which series holds which meeting, and when another one is needed: the table of the module."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from calendarsync.state.facts import CalendarGroup, EventRecord
from calendarsync.state.generations import fit, is_ours, read_generations
from calendarsync.state.slots import SeriesSlot
from tests.calendarsync.paper import (
    FIRST,
    FOUR,
    FRIDAY,
    FRIDAYS,
    HOUR,
    NOW,
    WEDNESDAYS,
    WEEK,
    foreign,
    group,
    record,
    series,
    weekly,
)


def next_series(facts: CalendarGroup, now: datetime = NOW) -> SeriesSlot | None:
    return read_generations(facts, now).next_series


# -- the series that exist -----------------------------------------------------------------------


def test_a_series_holds_its_places_until_the_next_one_begins():
    older = record(1, replace(FOUR, count=6))
    newer = record(2, series(1, 29, 3))
    facts = group(weekly(FIRST, 3), newer, older, slot=FRIDAYS)
    newest, before = read_generations(facts, NOW).spans
    assert (newest.record, newest.until) == (newer, None)
    assert (before.record, before.until) == (older, FRIDAY + 2 * WEEK)
    assert [before.holds(FIRST + week * WEEK) for week in range(4)] == [True, True, True, False]
    assert [before.holds(FIRST), before.holds(FIRST + HOUR)] == [True, False]
    assert newest.holds(FRIDAY + 4 * WEEK)
    assert not newest.holds(FRIDAY + 5 * WEEK)


def test_a_place_that_both_series_have_belongs_to_the_newer():
    newer = record(2, series(1, 27, 2))
    newest, before = read_generations(group(weekly(FIRST, 4), newer, record()), NOW).spans
    third = FIRST + 2 * WEEK
    assert (newest.holds(third), before.holds(third)) == (True, False)


def test_the_week_of_the_next_series_is_taken_over_from_seven_days_before_it():
    older = record(1, replace(FOUR, count=6))
    newer = record(2, series(1, 29, 3))
    newest, before = read_generations(group(weekly(FIRST, 3), newer, older), NOW).spans
    assert not before.is_of_week_taken_over(FRIDAY + WEEK)
    assert before.is_of_week_taken_over(FRIDAY + WEEK + HOUR)
    assert not newest.is_of_week_taken_over(FRIDAY + 9 * WEEK)


def test_the_first_start_of_any_newer_series_ends_an_older_one():
    third = record(3, series(2, 3, 1))
    second = record(2, series(1, 20, 1))
    spans = read_generations(group(weekly(FIRST, 1), third, second, record()), NOW).spans
    assert [span.until for span in spans] == [None, FIRST + 3 * WEEK, FIRST + WEEK]
    spans = read_generations(group(weekly(FIRST, 1), second, third, record()), NOW).spans
    assert [span.until for span in spans] == [None, FIRST + WEEK, FIRST + WEEK]


def test_only_series_that_were_made_and_have_a_slot_hold_meetings():
    facts = group(weekly(FIRST, 4), record(3, made=False), record(2, None), record())
    (span,) = read_generations(facts, NOW).spans
    assert span.record == record()


def test_a_meeting_is_at_home_in_the_series_that_has_its_place():
    older, newer = record(), record(2, series(2, 12, 2))
    meetings = [*weekly(FIRST, 4), *weekly(FRIDAY + 4 * WEEK, 2, number=5)]
    found = read_generations(group(meetings, newer, older, slot=FRIDAYS), NOW)
    assert [found.home_of(meeting) for meeting in meetings] == [older] * 4 + [newer] * 2
    extra = replace(meetings[0], rhythm_at=None)
    assert found.home_of(extra) is None
    assert found.home_of(replace(extra, rhythm_at=FIRST + HOUR)) is None
    assert not any(found.awaits(meeting) for meeting in meetings)


def test_without_a_series_no_meeting_has_a_home_and_none_follows():
    found = read_generations(group(weekly(FIRST, 4)), NOW)
    assert (found.spans, found.next_series, found.mismatched) == ((), None, False)
    assert found.home_of(weekly(FIRST, 1)[0]) is None


# -- another series ------------------------------------------------------------------------------


def test_meetings_that_have_a_place_need_no_other_series():
    found = read_generations(group(weekly(FIRST, 4), record()), NOW)
    assert (found.next_series, found.mismatched, len(found.spans)) == (None, False, 1)


def test_another_slot_begins_a_new_series_at_its_first_meeting():
    meetings = [*weekly(FIRST, 2), *weekly(FRIDAY + 2 * WEEK, 2, number=3)]
    found = read_generations(group(meetings, record(), slot=FRIDAYS), NOW)
    assert found.next_series == series(1, 29, 2)
    (span,) = found.spans
    assert span.until == FRIDAY + 2 * WEEK
    assert [found.awaits(meeting) for meeting in meetings] == [False, False, True, True]
    assert not found.awaits(replace(meetings[0], rhythm_at=None))


def test_a_single_meeting_of_another_slot_needs_a_new_series():
    meetings = [*weekly(FIRST, 3), *weekly(FRIDAY + 3 * WEEK, 1, number=4)]
    slot = next_series(group(meetings, record(), slot=FRIDAYS))
    assert slot == series(2, 5, 1)


@pytest.mark.parametrize(
    ("count", "alone", "needed"),
    [(4, (), False), (5, (), False), (6, (), True), (6, (5,), False), (7, (5,), True)],
)
def test_several_more_weeks_of_the_rhythm_need_a_new_series(count, alone, needed):
    events = [EventRecord(f"e{number}", 1, True, False, number) for number in alone]
    slot = next_series(group(weekly(FIRST, count), record(), events=events))
    after = 5 + len(alone)
    expected = SeriesSlot(FOUR.first + (after - 1) * WEEK, "UTC", 60, count - after + 1)
    assert slot == (expected if needed else None)


def test_an_event_that_was_cancelled_leaves_its_meeting_without_one():
    events = [EventRecord("e5", 1, True, True, 5)]
    assert next_series(group(weekly(FIRST, 6), record(), events=events)) is not None


def test_a_meeting_of_another_slot_brings_all_without_a_place():
    """Also those that have an event of their own: the new series has places for all."""
    later = weekly(FRIDAY + 4 * WEEK, 2, number=5)
    events = [EventRecord("e5", 1, True, False, 5)]
    facts = group([*weekly(FIRST, 4), *later], record(), slot=FRIDAYS, events=events)
    assert next_series(facts) == series(2, 12, 2)


def test_another_length_of_the_slot_begins_a_new_series():
    longer = replace(WEDNESDAYS, minutes=90)
    meetings = [*weekly(FIRST, 2), *weekly(FIRST + 2 * WEEK, 2, number=3, minutes=90)]
    assert next_series(group(meetings, record(), slot=longer)) == series(1, 27, 2, minutes=90)
    assert next_series(group(meetings, foreign(), slot=longer)) is None
    assert next_series(group(weekly(FIRST, 4), record(), slot=longer)) is None


def test_a_new_series_has_places_for_all_meetings_from_its_first_start():
    """A week that the older series has too lies between two that it has not."""
    gap = SeriesSlot(FOUR.first + WEEK, "UTC", 60, 1)
    assert next_series(group(weekly(FIRST, 3), record(1, gap))) == replace(FOUR, count=3)


def test_meetings_that_have_begun_or_are_cancelled_need_no_series():
    later = weekly(FRIDAY + 4 * WEEK, 2, number=5)
    facts = group([*weekly(FIRST, 4), *later], record(), slot=FRIDAYS)
    assert next_series(facts, later[-1].starts_at) is None
    assert next_series(facts, later[-1].starts_at - HOUR) is not None
    cancelled = [replace(meeting, cancelled=True) for meeting in later]
    facts = group([*weekly(FIRST, 4), *cancelled], record(), slot=FRIDAYS)
    assert next_series(facts) is None


def test_a_meeting_moved_past_its_place_needs_no_series():
    moved = replace(weekly(FRIDAY, 1, number=5)[0], starts_at=FRIDAY + WEEK)
    facts = group([*weekly(FIRST, 4), moved], record(), slot=FRIDAYS)
    assert next_series(facts, FRIDAY) is None
    assert next_series(facts, FRIDAY - HOUR) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"live": False},
        {"weekly": None},
        {"all_series": (record(2, None), record())},
        {"all_series": ()},
    ],
)
def test_no_series_is_added_without_all_that_it_follows_from(change):
    facts = group([*weekly(FIRST, 4), *weekly(FRIDAY + 4 * WEEK, 2, number=5)], record())
    facts = replace(facts, weekly=FRIDAYS)
    assert next_series(facts) is not None
    assert next_series(replace(facts, **change)) is None


# -- series of staff -----------------------------------------------------------------------------


def test_a_series_of_staff_without_a_place_for_any_meeting_is_mismatched():
    facts = group(weekly(FRIDAY, 4), foreign(), slot=FRIDAYS)
    found = read_generations(facts, NOW)
    assert (found.mismatched, found.spans, found.next_series) == (True, (), None)


@pytest.mark.parametrize(
    "facts",
    [
        group(weekly(FRIDAY, 4), record(), slot=FRIDAYS),
        group([*weekly(FIRST, 1), *weekly(FRIDAY + WEEK, 3, number=2)], foreign(), slot=FRIDAYS),
        group([], foreign()),
        group(weekly(FRIDAY, 4), foreign(None), slot=FRIDAYS),
        group(weekly(FRIDAY, 4), slot=FRIDAYS),
    ],
    ids=["ours", "one meeting fits", "no meetings", "an unknown rhythm", "no series"],
)
def test_other_series_are_not_mismatched(facts):
    assert not read_generations(facts, NOW).mismatched


def test_meetings_at_home_in_an_older_series_do_not_fit_the_newest():
    newest = foreign(series(1, 15, 1))
    assert read_generations(group(weekly(FIRST, 1), newest, record()), NOW).mismatched


def test_an_id_says_whether_we_made_a_series():
    assert is_ours(record())
    assert not is_ours(foreign())


# -- meetings that fit ---------------------------------------------------------------------------


def test_a_meeting_fits_if_it_is_held_at_a_place_of_the_slot():
    fitting, cancelled, extra, other = weekly(FIRST, 4)
    meetings = [
        fitting,
        replace(cancelled, cancelled=True),
        replace(extra, rhythm_at=None),
        replace(other, rhythm_at=other.starts_at + HOUR),
    ]
    assert fit(group(meetings), meetings) == [fitting]
    assert fit(group(meetings, slot=None), meetings) == []
