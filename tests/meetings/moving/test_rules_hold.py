"""What holds for any sequence of moves."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from cohorts.errors import Refusal
from meetings.derivation import DERIVED_FIELDS, diff_meetings, follows_rhythm
from meetings.meeting_times import span_of
from meetings.moving import moves
from meetings.moving.rules import decide
from meetings.moving.types import MoveFacts
from meetings.rhythm import Slot
from tests.meetings.moving.paper import BEFORE, EXTRA, carry_out, make_facts

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
moments = st.integers(-100, 2000).map(lambda hours: BEFORE + timedelta(hours=hours))
slots = st.builds(
    Slot,
    st.integers(0, 6),
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])),
    st.sampled_from(ZONES),
    st.sampled_from([30, 60, 90]),
)
ids = st.integers(1, 9) | st.sampled_from([EXTRA, EXTRA + 1])
some_moves = st.one_of(
    st.builds(moves.Reschedule, ids, moments, st.none() | st.sampled_from([30, 120])),
    st.builds(moves.Cancel, ids),
    st.builds(moves.Restore, ids),
    st.builds(moves.Postpone, ids),
    st.builds(moves.PutLast, ids),
    st.builds(moves.Add, st.just(1), moments),
    st.builds(
        moves.ChangeSlot,
        st.just(1),
        st.integers(0, 90).map(lambda n: date(2027, 1, 4) + timedelta(days=n)),
        slots,
    ),
)


@st.composite
def terms(draw) -> MoveFacts:
    """A group to which some things were done already, and time goes by between them."""
    facts = make_facts(
        slot=draw(slots),
        count=draw(st.integers(1, 6)),
        start_date=draw(st.sampled_from([date(2027, 1, 11), date(2027, 3, 15)])),
        is_set_up=draw(st.booleans()),
    )
    for move in draw(st.lists(some_moves, max_size=4)):
        facts = try_to(move, facts)
    return facts


def try_to(move: moves.Move, facts: MoveFacts) -> MoveFacts:
    try:
        return carry_out(facts, decide(move, facts, BEFORE))
    except Refusal:
        return facts


@given(terms(), some_moves, moments)
def test_no_meeting_is_lost_or_gets_another_number(facts, move, now):
    before = {row.pk: row.number for row in facts.rows}
    try:
        after = carry_out(facts, decide(move, facts, now))
    except Refusal:
        return
    numbers = {row.pk: row.number for row in after.rows}
    assert before.items() <= numbers.items()
    assert len(numbers) == len(before) + isinstance(move, moves.Add)


@given(terms(), some_moves, moments)
def test_once_carried_out_nothing_is_left_to_follow(facts, move, now):
    try:
        after = carry_out(facts, decide(move, facts, now))
    except Refusal:
        return
    assert not diff_meetings(after.group, after.rhythm, after.rows, now)


@given(terms(), some_moves, moments)
def test_what_is_over_stays_and_what_is_changed_overlaps_with_nothing(facts, move, now):
    moved = move.meeting_id if isinstance(move, moves.Reschedule | moves.PutLast) else None
    over = {r.pk: span_of(r) for r in facts.rows if r.starts_at <= now and r.pk != moved}
    try:
        decision = decide(move, facts, now)
    except Refusal:
        return
    spans = {row.pk: span_of(row) for row in carry_out(facts, decision).rows}
    if facts.group.set_up_at and not isinstance(move, moves.Restore):
        assert {pk: spans[pk] for pk in over} == over
    for change in decision.changes:
        its_id = change.meeting_id or max(spans)  # a new one has the highest
        others = [span for pk, span in spans.items() if span and pk != its_id]
        assert not (change.after and any(change.after.overlaps(span) for span in others))
        assert change.before != change.after


@given(terms(), some_moves, moments)
def test_deciding_changes_nothing(facts, move, now):
    def values():
        return [[getattr(row, name) for name in DERIVED_FIELDS] for row in facts.rows]

    before, slot = values(), copy(facts.group.__dict__)
    with suppress(Refusal):
        decide(move, facts, now)
    assert values() == before
    assert facts.group.__dict__ == slot


@given(st.integers(1, 8), st.integers(1, 8), slots)
def test_postponing_is_one_empty_place_and_one_at_the_end(count, number, slot):
    """Where nothing was moved by hand: the other occurrences of a series stay as they are."""
    assume(number <= count)
    facts = make_facts(count=count, slot=slot, start_date=date(2027, 3, 15))
    before = {row.rhythm_starts_at for row in facts.rows}
    gone = next(row.rhythm_starts_at for row in facts.rows if row.number == number)
    last = max(before)
    after = carry_out(facts, decide(moves.Postpone(number), facts, BEFORE))
    assert all(follows_rhythm(row) for row in after.rows)
    (new,) = {row.starts_at for row in after.rows} - before
    assert before - {row.starts_at for row in after.rows} == {gone}
    zone = ZoneInfo(slot.zone)
    assert new.astimezone(zone).date() - last.astimezone(zone).date() == timedelta(weeks=1)
