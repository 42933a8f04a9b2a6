"""What a break does to one group, on paper; and what holds of every break."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import Refusal
from guestvisits.breaks.break_rules import Break, BreakUndo, decide_break, decide_undo
from meetings.derivation import follows_rhythm, values_of
from meetings.moving import moves
from meetings.moving.types import MoveFacts
from tests.meetings.moving.paper import (
    BEFORE,
    EXTRA,
    NOW,
    carry_out,
    change_row,
    days,
    make_facts,
)
from tests.meetings.moving.test_rules_hold import moments, terms, try_to

HOUR = timedelta(hours=1)


def jan(day: int) -> date:
    return date(2026, 12, 31) + timedelta(days=day)


def after(wanted: Break, facts: MoveFacts, now=BEFORE) -> MoveFacts:
    decision = decide_break(wanted, facts, now)
    assert decision is not None
    return carry_out(facts, decision)


def test_pushing_back_moves_everything_later_and_dropping_cancels_what_falls_within():
    # The meetings are on 13, 20, 27 January and 3 February.
    assert days(after(Break(jan(18), jan(24)), make_facts())) == {1: 13, 2: 27, 3: 34, 4: 41}
    assert days(after(Break(jan(18), jan(31)), make_facts())) == {1: 13, 2: 34, 3: 41, 4: 48}
    assert days(after(Break(jan(34), jan(45)), make_facts())) == {1: 13, 2: 20, 3: 27, 4: 48}
    dropped = after(Break(jan(18), jan(31), drop=True), make_facts())
    assert days(dropped) == {1: 13, 2: None, 3: None, 4: 34}
    assert decide_break(Break(jan(21), jan(26)), make_facts(), BEFORE) is None


def test_what_has_begun_stays_and_the_groups_own_clock_decides_about_the_day():
    assert days(after(Break(jan(11), jan(24)), make_facts(now=BEFORE), NOW))[1] == 13
    late = make_facts()
    late.group.timezone = "Pacific/Auckland"  # 15:00 UTC is 04:00 on the next day
    assert decide_break(Break(jan(21), jan(21)), make_facts(), BEFORE) is None


def test_meetings_moved_by_hand_and_extra_sessions_change_only_with_a_tick():
    facts = make_facts()
    moved = change_row(facts, 2, starts_at=facts.rows[1].starts_at + HOUR, touched_at=BEFORE)
    for row in facts.rows:
        row.group = facts.group
    facts = try_to(moves.Add(1, moved.starts_at + 24 * HOUR), facts)
    week = Break(jan(18), jan(31))
    assert days(after(week, facts)) == {1: 13, 2: 20, 3: 34, 4: 41, EXTRA: 21}
    both = Break(jan(18), jan(31), also=frozenset({2, EXTRA}))
    assert days(after(both, facts)) == {1: 13, 2: 27, 3: 34, 4: 41, EXTRA: 28}
    dropped = Break(jan(18), jan(31), drop=True, also=frozenset({EXTRA}))
    assert days(after(dropped, facts)) == {1: 13, 2: 20, 3: None, 4: 34, EXTRA: None}


some_breaks = st.builds(
    lambda first, length, drop, also: Break(jan(first), jan(first + length), drop, frozenset(also)),
    st.integers(1, 120),
    st.integers(0, 30),
    st.booleans(),
    st.sets(st.sampled_from([1, 2, 3, 4, 5, 6, EXTRA, EXTRA + 1])),
)


@given(terms(), some_breaks, moments)
def test_a_break_keeps_numbers_order_and_what_has_begun_and_undoing_it_restores_everything(
    facts, wanted, now
):
    for row in facts.rows:
        row.group = facts.group
    before = MoveFacts(facts.group, facts.rhythm, [copy(row) for row in facts.rows])
    decision = None
    with suppress(Refusal):  # a clash
        decision = decide_break(wanted, facts, now)
    if decision is None:
        return
    rows = {row.pk: row for row in before.rows}
    for row in decision.rows:
        assert row.number == rows[row.pk].number
        if facts.group.set_up_at:  # before that nothing is held
            assert rows[row.pk].starts_at > now, "what has begun stays"
        if not follows_rhythm(rows[row.pk]) and row.pk not in wanted.also:
            assert row.starts_at == rows[row.pk].starts_at
            assert row.status == rows[row.pk].status
    changed = carry_out(before, decision)
    in_rhythm = [row for row in changed.rows if follows_rhythm(row)]
    regular = [row for row in in_rhythm if follows_rhythm(rows[row.pk])]
    assert [row.number for row in sorted(regular, key=lambda row: row.starts_at)] == [
        row.number for row in regular
    ]
    for row in regular:
        if row.pk in {one.pk for one in decision.rows}:
            assert not wanted.holds(row.starts_at, changed.rhythm.numbered()[row.number].slot.zone)

    done = BreakUndo(
        skipped=decision.rhythm.skipped - facts.rhythm.skipped,
        before={row.pk: values_of(rows[row.pk]) for row in decision.rows},
        after={row.pk: values_of(row) for row in decision.rows},
    )
    undone = decide_undo(done, changed, now)
    assert undone is not None
    back = carry_out(changed, undone)
    assert [values_of(row) for row in back.rows] == [values_of(row) for row in before.rows]
    assert back.rhythm == facts.rhythm
