"""What each move does to a group's meetings, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cohorts.errors import Refusal
from cohorts.models import Group
from meetings.meeting_times import MeetingTime
from meetings.models import Meeting
from meetings.moving.moves import (
    Add,
    Cancel,
    ChangeSlot,
    Move,
    Postpone,
    PutLast,
    Reschedule,
    Restore,
)
from meetings.moving.rules import decide
from meetings.moving.types import MoveFacts
from meetings.rhythm import Slot
from tests.meetings.moving.paper import (
    BEFORE,
    EXTRA,
    NOW,
    THURSDAY,
    WEDNESDAY,
    carry_out,
    change_row,
    days,
    make_facts,
)

CANCELLED = Meeting.Status.CANCELLED
BERLIN = ZoneInfo("Europe/Berlin")
FRIDAYS = Slot(4, time(10), "UTC", 90)


def at(day: int, hour: int = 15) -> datetime:
    """A day of January 2027; 32 is 1 February."""
    return datetime(2027, 1, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def do(facts: MoveFacts, move: Move, now: datetime = BEFORE) -> MoveFacts:
    return carry_out(facts, decide(move, facts, now))


def refuse(facts: MoveFacts, move: Move, now: datetime = BEFORE) -> str:
    with pytest.raises(Refusal) as refused:
        decide(move, facts, now)
    return refused.value.code


def places(facts: MoveFacts) -> dict[int, int | None]:
    """By id the day of the place in the rhythm."""
    return {
        row.pk: row.rhythm_starts_at and (row.rhythm_starts_at - at(0)).days for row in facts.rows
    }


# -- one meeting ---------------------------------------------------------------------------------


def test_a_rescheduled_meeting_keeps_its_number_and_its_place():
    facts = do(make_facts(), Reschedule(2, at(22, 10)))
    assert days(facts) == {1: 13, 2: 22, 3: 27, 4: 34}
    assert places(facts) == {1: 13, 2: 20, 3: 27, 4: 34}


def test_what_a_move_changes_is_returned_with_old_and_new_times():
    decision = decide(Reschedule(2, at(22, 10), minutes=90), make_facts(), BEFORE)
    (change,) = decision.changes
    assert (change.meeting_id, change.number) == (2, 2)
    assert (change.before, change.after) == (MeetingTime(at(20), 60), MeetingTime(at(22, 10), 90))


def test_a_cancelled_meeting_keeps_its_number_and_its_place():
    facts = do(make_facts(), Cancel(2))
    assert days(facts) == {1: 13, 2: None, 3: 27, 4: 34}
    assert places(facts)[2] == 20


def test_a_restored_meeting_is_held_as_if_nothing_had_been():
    facts = do(do(make_facts(), Reschedule(2, at(22), minutes=90)), Cancel(2))
    facts = do(facts, Restore(2))
    row = facts.rows[1]
    assert days(facts) == {1: 13, 2: 20, 3: 27, 4: 34}
    assert (row.duration_minutes, row.touched_at) == (60, None)


def test_a_meeting_whose_usual_time_has_passed_cannot_be_restored():
    facts = make_facts()
    change_row(facts, 1, status=CANCELLED, touched_at=BEFORE)
    assert refuse(facts, Restore(1), NOW) == "start_past"


def test_c3_an_extra_session_takes_no_number():
    facts = do(do(make_facts(), Add(1, at(15))), Add(1, at(16), minutes=30))
    assert days(facts) == {1: 13, 2: 20, 3: 27, 4: 34, EXTRA: 15, EXTRA + 1: 16}
    assert [row.number for row in facts.rows] == [1, 2, 3, 4, None, None]
    assert places(facts)[EXTRA] is places(facts)[EXTRA + 1] is None
    assert [row.duration_minutes for row in facts.rows[4:]] == [60, 30]


def test_a_meeting_begins_at_a_whole_minute():
    odd = timedelta(seconds=7, milliseconds=500)
    facts = do(do(make_facts(), Reschedule(2, at(22, 10) + odd)), Add(1, at(15) + odd))
    starts = {row.pk: row.starts_at for row in facts.rows}
    assert (starts[2], starts[EXTRA]) == (at(22, 10), at(15))
    slot = replace(FRIDAYS, start_time=time(10, 0, 7, 500_000))
    assert do(make_facts(), ChangeSlot(1, date(2027, 1, 18), slot)).rhythm.slot == FRIDAYS


def test_a_date_behind_a_later_week_is_pointed_out():
    late = decide(Reschedule(2, at(28)), make_facts(), BEFORE)
    early = decide(Reschedule(3, at(14)), make_facts(), BEFORE)
    assert late.notes == ("Week 2 would then take place after week 3.",)
    assert early.notes == ("Week 3 would then take place before week 2.",)


# -- a week later --------------------------------------------------------------------------------


def test_postponing_moves_this_and_all_later_ones_by_a_week():
    facts = do(make_facts(), Postpone(2))
    assert days(facts) == {1: 13, 2: 27, 3: 34, 4: 41}
    assert places(facts) == days(facts)  # one place is empty, and one is new at the end
    assert not any(row.touched_at for row in facts.rows)


def test_postponing_takes_along_what_was_moved_or_cancelled_by_hand():
    facts = make_facts()
    change_row(facts, 3, starts_at=at(28, 9), touched_at=BEFORE)
    change_row(facts, 4, status=CANCELLED, touched_at=BEFORE)
    facts = do(facts, Postpone(2))
    assert days(facts) == {1: 13, 2: 27, 3: 35, 4: None}
    assert places(facts) == {1: 13, 2: 27, 3: 34, 4: 41}


def test_postponing_twice_is_two_weeks():
    facts = do(do(make_facts(), Postpone(2)), Postpone(2))
    assert days(facts) == {1: 13, 2: 34, 3: 41, 4: 48}


def test_postponing_across_a_clock_change_keeps_the_wall_time():
    slot = Slot(WEDNESDAY, time(15), "Europe/Berlin", 60)
    facts = do(make_facts(slot=slot, start_date=date(2027, 3, 15)), Postpone(1))
    shown = {row.starts_at.astimezone(BERLIN).time() for row in facts.rows}
    assert shown == {time(15)}
    assert [row.starts_at.hour for row in facts.rows] == [14, 13, 13, 13]  # it is on 28 March


def test_putting_last_leaves_the_others_where_they_are():
    facts = do(make_facts(), PutLast(2))
    assert days(facts) == {1: 13, 2: 41, 3: 27, 4: 34}
    assert places(facts) == {1: 13, 2: None, 3: 27, 4: 34}


def test_the_end_is_after_all_other_meetings():
    facts = do(do(make_facts(), Add(1, at(41))), PutLast(2))
    assert days(facts)[2] == 48
    assert days(do(facts, PutLast(3)))[3] == 55


def test_what_is_last_already_cannot_be_put_last():
    facts = do(make_facts(), PutLast(2))
    assert refuse(facts, PutLast(2)) == "same_time"


def test_a_meeting_put_last_can_be_cancelled_and_stays_so():
    """Cancelled and without a place it looks like a surplus one, which would come back."""
    facts = do(do(make_facts(), PutLast(2)), Cancel(2))
    facts = do(facts, Postpone(3))
    assert days(facts) == {1: 13, 2: None, 3: 34, 4: 41}


# -- the slot ------------------------------------------------------------------------------------


def test_a_changed_slot_moves_what_is_from_that_day_on():
    facts = do(make_facts(), ChangeSlot(1, date(2027, 1, 25), FRIDAYS))
    assert days(facts) == {1: 13, 2: 20, 3: 29, 4: 36}
    assert [row.duration_minutes for row in facts.rows] == [60, 60, 90, 90]


def test_a_later_change_makes_one_behind_it_void():
    facts = do(make_facts(), ChangeSlot(1, date(2027, 2, 1), FRIDAYS))
    assert days(facts) == {1: 13, 2: 20, 3: 27, 4: 36}
    mondays = Slot(0, time(9), "UTC", 60)
    facts = do(facts, ChangeSlot(1, date(2027, 1, 18), mondays))
    assert days(facts) == {1: 13, 2: 18, 3: 25, 4: 32}
    assert [(each.until, each.slot.weekday) for each in facts.rhythm.earlier] == [
        (date(2027, 1, 18), WEDNESDAY)
    ]


def test_what_was_moved_by_hand_stays_and_is_pointed_out():
    facts = make_facts()
    change_row(facts, 3, starts_at=at(28, 9), touched_at=BEFORE)
    decision = decide(ChangeSlot(1, date(2027, 1, 18), FRIDAYS), facts, BEFORE)
    assert decision.notes == ("Week 3 was moved individually, so it keeps its time.",)
    assert [change.number for change in decision.changes] == [2, 4]


def test_going_back_to_the_slot_before_leaves_no_trace():
    facts = do(make_facts(), ChangeSlot(1, date(2027, 1, 25), FRIDAYS))
    wednesdays = Slot(WEDNESDAY, time(15), "UTC", 60)
    facts = do(facts, ChangeSlot(1, date(2027, 1, 20), wednesdays))
    assert days(facts) == {1: 13, 2: 20, 3: 27, 4: 34}
    assert facts.rhythm.earlier == ()


# -- times that the clock does not show, or shows twice -------------------------------------------


def test_a_slot_whose_time_a_clock_skips_once_says_so():
    nights = Slot(6, time(2, 30), "Europe/Berlin", 60)
    facts = make_facts(start_date=date(2027, 3, 15))
    decision = decide(ChangeSlot(1, date(2027, 3, 22), nights), facts, BEFORE)
    assert decision.notes == (
        "On 28 March 2027 the clocks in Europe/Berlin go forward, so 02:30 does not exist. "
        "The meeting begins at 03:30 that day.",
    )


def test_a_time_that_shows_twice_is_said_to_be_the_first():
    slot = Slot(WEDNESDAY, time(15), "Europe/Berlin", 60)
    facts = make_facts(slot=slot, start_date=date(2027, 10, 18), now=BEFORE)
    now = datetime(2027, 10, 11, tzinfo=UTC)
    twice = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    first = decide(Reschedule(2, twice), facts, now)
    second = decide(Reschedule(2, twice + timedelta(hours=1)), facts, now)
    assert "show 02:30 twice. The first of the two is used." in first.notes[0]
    assert "show 02:30 twice. The second of the two is used." in second.notes[0]


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "code"),
    [
        (Reschedule(9, at(22)), "no_meeting"),
        (Cancel(9), "no_meeting"),
        (Reschedule(1, at(22)), "meeting_begun"),
        (Cancel(1), "meeting_begun"),
        (Postpone(1), "meeting_begun"),
        (PutLast(1), "meeting_begun"),
        (Restore(1), "meeting_begun"),
        (Reschedule(2, at(17)), "start_past"),
        (Reschedule(2, NOW), "start_past"),
        (Add(1, at(17)), "start_past"),
        (Reschedule(2, at(600)), "too_far"),
        (Reschedule(2, at(22), minutes=4), "bad_length"),
        (Add(1, at(22), minutes=1441), "bad_length"),
        (Reschedule(2, at(20)), "same_time"),
        (Restore(2), "same_time"),
        (Reschedule(2, at(27) + timedelta(minutes=59)), "clash"),
        (Add(1, at(27) - timedelta(minutes=59)), "clash"),
        (ChangeSlot(1, date(2027, 1, 17), FRIDAYS), "day_past"),
        (ChangeSlot(1, date(2029, 1, 17), FRIDAYS), "too_far"),
        (ChangeSlot(1, date(2027, 12, 1), FRIDAYS), "same_time"),
        (ChangeSlot(1, date(2027, 1, 20), Slot(7, time(9), "UTC", 60)), "bad_slot"),
        (ChangeSlot(1, date(2027, 1, 20), Slot(0, time(9), "Atlantis", 60)), "bad_slot"),
        (ChangeSlot(1, date(2027, 1, 20), Slot(0, time(9), "UTC", 0)), "bad_length"),
    ],
)
def test_what_cannot_be_is_refused_by_name(move, code):
    assert refuse(replace(make_facts(), attended={1}), move, NOW) == code


@pytest.mark.parametrize("move", [Reschedule(1, at(22)), PutLast(1)])
def test_c23_a_meeting_at_which_no_one_was_can_be_moved_for_7_days(move):
    start = at(13)
    assert decide(move, make_facts(), start + timedelta(days=7, minutes=-1)).changes
    assert refuse(make_facts(), move, start + timedelta(days=7)) == "meeting_begun"
    assert refuse(make_facts(), Cancel(1), NOW) == "meeting_begun"


@pytest.mark.parametrize("move", [Reschedule(2, at(22)), Cancel(2), Postpone(2), PutLast(2)])
def test_a_cancelled_meeting_is_to_be_restored_first(move):
    facts = make_facts()
    change_row(facts, 2, status=CANCELLED, touched_at=BEFORE)
    assert refuse(facts, move, NOW) == "meeting_cancelled"


@pytest.mark.parametrize("status", sorted(Group.ENDED))
@pytest.mark.parametrize(
    "move", [Cancel(2), Add(1, at(22)), ChangeSlot(1, date(2027, 2, 1), FRIDAYS)]
)
def test_meetings_of_an_ended_group_are_history(move, status):
    assert refuse(make_facts(status=status), move, NOW) == "group_ended"


def test_the_slot_of_a_group_in_preview_is_simply_edited():
    facts = make_facts(is_set_up=False)
    assert refuse(facts, ChangeSlot(1, date(2027, 2, 1), FRIDAYS)) == "in_preview"


def test_without_a_slot_there_is_no_week_to_move_by():
    facts = make_facts()
    facts.group.weekday = facts.group.start_time = None
    assert refuse(facts, Postpone(2)) == refuse(facts, PutLast(2)) == "no_slot"


def test_outside_the_rhythm_nothing_follows_a_meeting():
    facts = do(make_facts(), Add(1, at(22)))
    facts.rows[4].pk = 5
    assert refuse(facts, Postpone(5)) == "outside_rhythm"


def test_nothing_is_postponed_over_a_later_meeting_that_was_held():
    facts = make_facts()
    change_row(facts, 3, starts_at=at(15), touched_at=BEFORE)
    assert refuse(facts, Postpone(2), NOW) == "later_has_begun"


def test_postponing_onto_an_extra_meeting_is_a_clash():
    facts = do(make_facts(), Add(1, at(41)))
    assert refuse(facts, Postpone(2)) == "clash"


def test_a_refused_move_leaves_the_rows_as_they_were():
    facts = make_facts()
    before = [(row.starts_at, row.status, row.touched_at) for row in facts.rows]
    refuse(facts, Reschedule(2, at(27)))
    refuse(facts, ChangeSlot(1, date(2027, 12, 1), FRIDAYS))
    decide(Postpone(2), facts, BEFORE)
    assert [(row.starts_at, row.status, row.touched_at) for row in facts.rows] == before
    assert THURSDAY not in {row.starts_at.weekday() for row in facts.rows}
