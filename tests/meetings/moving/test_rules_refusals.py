"""What a refused move says, and the limits between what is refused and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import Group
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
from meetings.rhythm import Slot, SlotUntil
from tests.meetings.moving.paper import (
    BEFORE,
    EXTRA,
    NOW,
    WEDNESDAYS,
    carry_out,
    change_row,
    make_facts,
)

CANCELLED = Meeting.Status.CANCELLED
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FRIDAYS = Slot(4, time(10), "UTC", 90)
FROM = date(2027, 1, 20)


def at(day: int, hour: int = 15) -> datetime:
    """A day of January 2027; 32 is 1 February."""
    return datetime(2027, 1, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def refusal(facts: MoveFacts, move: Move, now: datetime = NOW) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        decide(move, facts, now)
    return refused.value.code, refused.value.sentence


def facts_with(**of_the_second: object) -> MoveFacts:
    facts = make_facts()
    change_row(facts, 2, **of_the_second)
    return facts


def in_zone(zone: str) -> MoveFacts:
    facts = make_facts()
    facts.group.timezone = zone
    return facts


def without_slot() -> MoveFacts:
    facts = make_facts()
    facts.group.weekday = facts.group.start_time = None
    return facts


def with_an_extra_session(day: int) -> MoveFacts:
    facts = make_facts()
    return carry_out(facts, decide(Add(1, at(day)), facts, BEFORE))


def with_an_earlier_slot(zone: str) -> MoveFacts:
    """The earlier slot held until the day of the third meeting."""
    facts = make_facts()
    earlier = SlotUntil(date(2027, 1, 27), replace(WEDNESDAYS, zone=zone))
    return replace(facts, rhythm=replace(facts.rhythm, earlier=(earlier,)))


def with_the_third_held_early() -> MoveFacts:
    facts = make_facts()
    change_row(facts, 3, starts_at=at(15), touched_at=BEFORE)
    return facts


CLASH = (
    "would overlap with week 3 of the same group: Wednesday 27 January 2027, 15:00 (UTC). Choose "
    "another time, or move the other meeting first."
)
ATLANTIS = (
    "Alpha has the time zone Atlantis, which does not exist. Change its weekly time from today on "
    "first."
)


@pytest.mark.parametrize(
    ("make", "move", "code", "sentence"),
    [
        (make_facts, Cancel(9), "no_meeting", "There is no such meeting."),
        (
            lambda: make_facts(status=Group.Status.COMPLETED),
            Cancel(2),
            "group_ended",
            "Alpha has ended, so its meetings cannot be changed.",
        ),
        (
            make_facts,
            Cancel(1),
            "meeting_begun",
            "Alpha, week 1 has begun, so it can no longer be moved.",
        ),
        (
            lambda: facts_with(status=CANCELLED),
            Cancel(2),
            "meeting_cancelled",
            "Alpha, week 2 is cancelled. Restore it first.",
        ),
        (
            make_facts,
            Reschedule(2, NOW),
            "start_past",
            "That time has passed. Choose a later time.",
        ),
        (
            make_facts,
            Reschedule(2, NOW + 366 * DAY + MINUTE),
            "too_far",
            "That is more than a year ahead. Check the date.",
        ),
        (
            make_facts,
            Add(1, at(22), minutes=4),
            "bad_length",
            "A meeting must last between 5 minutes and 1 day (1440 minutes).",
        ),
        (make_facts, Restore(2), "same_time", "Nothing would change: no meeting would move."),
        (make_facts, Reschedule(2, at(27) + 59 * MINUTE), "clash", f"Week 2 {CLASH}"),
        (make_facts, Add(1, at(27) - 59 * MINUTE), "clash", f"An extra session {CLASH}"),
        (
            lambda: make_facts(count=60),
            Add(1, at(22)),
            "too_many_meetings",
            "Alpha has 60 meetings, including cancelled ones, and the maximum is 60. Restore or "
            "move one of them instead.",
        ),
        (
            without_slot,
            Postpone(2),
            "no_slot",
            "Alpha has no weekly time, so this is not possible.",
        ),
        (lambda: in_zone("Atlantis"), Postpone(2), "bad_slot", ATLANTIS),
        (lambda: with_an_earlier_slot("Atlantis"), Postpone(2), "bad_slot", ATLANTIS),
        (
            lambda: with_an_extra_session(22),
            Postpone(EXTRA),
            "outside_rhythm",
            "Alpha, extra session is not part of the weekly schedule, so no later meetings move "
            "with it. Move only this meeting.",
        ),
        (
            with_the_third_held_early,
            Postpone(2),
            "later_has_begun",
            "Alpha, week 3 has already been held, so not all later meetings can move. Move only "
            "this meeting.",
        ),
        (
            lambda: make_facts(is_set_up=False),
            ChangeSlot(1, FROM, FRIDAYS),
            "in_preview",
            "Alpha is still being set up. Edit its weekly time, and all its meetings are updated.",
        ),
        (
            make_facts,
            ChangeSlot(1, FROM, replace(FRIDAYS, weekday=7)),
            "bad_slot",
            "The weekday must be a number from 0 (Monday) to 6 (Sunday).",
        ),
        (
            make_facts,
            ChangeSlot(1, FROM, replace(FRIDAYS, zone="Atlantis")),
            "bad_slot",
            "Atlantis is not a time zone. Use an IANA name such as Europe/Berlin.",
        ),
        (
            make_facts,
            ChangeSlot(1, date(2027, 1, 17), FRIDAYS),
            "day_past",
            "That day has passed. Choose a later day.",
        ),
        (
            make_facts,
            ChangeSlot(1, date(2028, 1, 20), FRIDAYS),
            "too_far",
            "That is more than a year ahead. Check the date.",
        ),
        (
            lambda: facts_with(status=CANCELLED, rhythm_starts_at=NOW),
            Restore(2),
            "start_past",
            "The usual time of Alpha, week 2 has passed. Move it to another time instead.",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(make, move, code, sentence):
    assert refusal(make(), move) == (code, sentence)


@pytest.mark.parametrize(
    "move",
    [
        Reschedule(2, NOW + MINUTE),
        Reschedule(2, NOW + 366 * DAY),
        Reschedule(2, at(27) - 60 * MINUTE),
        Add(1, at(22), minutes=5),
        Add(1, at(21), minutes=1440),
        ChangeSlot(1, NOW.date(), FRIDAYS),
    ],
)
def test_up_to_the_limit_a_move_is_allowed(move):
    assert decide(move, make_facts(), NOW).changes


def test_the_last_free_number_of_a_meeting_can_be_used():
    facts = make_facts(count=59)
    assert len(carry_out(facts, decide(Add(1, at(22)), facts, NOW)).rows) == 60


def test_the_day_of_a_new_slot_is_a_day_of_its_zone():
    """It is already Tuesday on the Line Islands."""
    slot = replace(FRIDAYS, zone="Pacific/Kiritimati")
    move = ChangeSlot(1, NOW.date(), slot)
    assert refusal(make_facts(), move)[0] == "day_past"


def test_a_meeting_has_begun_at_its_start():
    facts = make_facts()
    assert refusal(facts, Cancel(1), at(13))[0] == "meeting_begun"
    assert decide(Reschedule(1, at(22)), facts, at(13)).changes


# -- what is decided -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "kind"),
    [
        (Reschedule(2, at(22)), "reschedule"),
        (Cancel(2), "cancel"),
        (Postpone(2), "postpone"),
        (PutLast(2), "put_last"),
        (Add(1, at(22)), "add"),
        (ChangeSlot(1, FROM, FRIDAYS), "slot"),
    ],
)
def test_a_decision_names_its_kind_of_move(move, kind):
    assert decide(move, make_facts(), NOW).kind == kind


def test_a_restored_meeting_is_marked_as_moved_only_outside_the_rhythm():
    facts = facts_with(status=CANCELLED, touched_at=BEFORE)
    (row,) = decide(Restore(2), facts, NOW).rows
    assert (row.starts_at, row.status, row.touched_at) == (at(20), "scheduled", None)
    facts = with_an_extra_session(22)
    facts.rows[-1].status, facts.rows[-1].duration_minutes = CANCELLED, 35
    (row,) = decide(Restore(EXTRA), facts, NOW).rows
    assert (row.starts_at, row.duration_minutes, row.touched_at) == (at(22), 35, NOW)


def test_a_meeting_away_from_its_place_is_restored_with_its_own_length():
    facts = facts_with(status=CANCELLED, rhythm_starts_at=at(21), duration_minutes=35)
    (row,) = decide(Restore(2), facts, NOW).rows
    assert (row.starts_at, row.duration_minutes, row.touched_at) == (at(21), 35, NOW)


@pytest.mark.parametrize(("extra", "day"), [(50, 55), (41, 41)])
def test_the_end_is_the_first_place_after_the_rhythm_and_all_other_meetings(extra, day):
    facts = make_facts()
    facts = carry_out(facts, decide(Add(1, at(extra, 14)), facts, BEFORE))
    (row,) = decide(PutLast(4), facts, NOW).rows
    assert (row.starts_at, row.rhythm_starts_at) == (at(day), None)


def test_the_last_meeting_is_not_put_at_its_own_place():
    (row,) = decide(PutLast(4), make_facts(), NOW).rows
    assert row.starts_at == at(41)


@pytest.mark.parametrize(("until", "kept"), [(19, True), (20, False), (21, False)])
def test_an_earlier_slot_is_kept_if_it_ended_before_the_new_one_begins(until, kept):
    facts = make_facts()
    earlier = SlotUntil(date(2027, 1, until), replace(WEDNESDAYS, minutes=30))
    facts = replace(facts, rhythm=replace(facts.rhythm, earlier=(earlier,)))
    after = decide(ChangeSlot(1, FROM, FRIDAYS), facts, NOW).rhythm
    before = WEDNESDAYS if kept else earlier.slot
    assert after.slot == FRIDAYS
    assert after.earlier == ((earlier,) if kept else ()) + (SlotUntil(FROM, before),)


@pytest.mark.parametrize(
    ("day", "hour", "noted"), [(19, 15, False), (20, 0, True), (19, 23, False), (21, 9, True)]
)
def test_a_new_slot_names_meetings_from_its_day_on_that_keep_their_time(day, hour, noted):
    facts = facts_with(starts_at=at(day, hour), touched_at=BEFORE)
    notes = decide(ChangeSlot(1, FROM, FRIDAYS), facts, NOW).notes
    assert ("Week 2 was moved individually, so it keeps its time." in notes) == noted


def test_the_day_of_a_kept_meeting_is_a_day_of_the_new_zone():
    facts = facts_with(starts_at=at(19, 23), touched_at=BEFORE)
    slot = replace(FRIDAYS, zone="Europe/Berlin")
    assert decide(ChangeSlot(1, FROM, slot), facts, NOW).notes


@pytest.mark.parametrize(
    ("number", "day", "note"),
    [
        (2, 28, ("Week 2 would then take place after week 3.",)),
        (2, 36, ("Week 2 would then take place after week 4.",)),
        (4, 26, ("Week 4 would then take place before week 3.",)),
        (4, 19, ("Week 4 would then take place before week 2.",)),
        (3, 28, ()),
    ],
)
def test_a_move_past_another_week_is_pointed_out(number, day, note):
    assert decide(Reschedule(number, at(day)), make_facts(), NOW).notes == note


def test_cancelled_and_extra_meetings_have_no_order():
    facts = with_an_extra_session(24)
    change_row(facts, 3, status=CANCELLED)
    assert decide(Reschedule(2, at(28)), facts, NOW).notes == ()
    assert decide(Reschedule(EXTRA, at(36)), facts, NOW).notes == ()
