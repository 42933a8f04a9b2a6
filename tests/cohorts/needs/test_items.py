"""Which items are shown, which are snoozed, hidden or harmless, and in which order."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.needs.items import (
    SILENT,
    Need,
    NeedSubject,
    Snoozing,
    is_watched,
    sort_needs,
)

TODAY = date(2027, 3, 1)
KINDS = (SILENT, "bad", "mild")
SPRING, AUTUMN, FAR, ENDED = 1, 2, 3, 4
STARTS = {
    SPRING: TODAY - timedelta(days=10),
    AUTUMN: TODAY + timedelta(days=14),
    FAR: TODAY + timedelta(days=15),
}


def need(kind: str, cohort: int | None = SPRING, *names: str, **fields) -> Need:
    subjects = tuple(NeedSubject(name, name) for name in names or ("heron",))
    return Need(kind, cohort, f"{kind} in {cohort}", subjects, **fields)


def sort(*found: Need, **snoozed: Snoozing):
    by_key = {f"{kind}:{SPRING}": one for kind, one in snoozed.items()}
    return sort_needs(found, kinds=KINDS, starts=STARTS, snoozed=by_key, today=TODAY)


def test_the_worst_kind_comes_first_and_then_the_cohort_that_began_first():
    found = [need("mild", SPRING), need("bad", AUTUMN), need("bad", SPRING), need(SILENT, None)]
    shown = sort(*found).shown
    assert [(one.kind, one.cohort_id) for one in shown] == [
        (SILENT, None),
        ("bad", SPRING),
        ("bad", AUTUMN),
        ("mild", SPRING),
    ]


@pytest.mark.parametrize(
    ("days", "watched"), [(-100, True), (0, True), (14, True), (15, False), (200, False)]
)
def test_a_cohort_is_watched_from_14_days_before_its_start(days, watched):
    assert is_watched(TODAY + timedelta(days=days), TODAY) is watched


def test_a_cohort_that_starts_later_is_left_out_and_one_that_has_ended_is_not():
    shown = sort(need("bad", FAR), need("mild", ENDED)).shown
    assert [one.cohort_id for one in shown] == [ENDED]


def test_what_follows_from_something_silent_is_hidden_until_it_is_heard_again():
    follows = need("bad", follows_from=frozenset({"discord", "worker"}))
    other = need("mild", follows_from=frozenset({"calendar"}))
    assert sort(need(SILENT, None, "discord"), follows, other).shown[1:] == (other,)
    assert sort(follows, other).shown == (follows, other)


def test_an_item_does_not_silence_itself():
    silent = need(SILENT, None, "worker", follows_from=frozenset({"worker"}))
    assert sort(silent).shown == (silent,)


@pytest.mark.parametrize(
    ("until", "named", "snoozed"),
    [
        (TODAY + timedelta(days=1), {"heron", "wren"}, True),
        (TODAY + timedelta(days=1), {"heron", "wren", "robin"}, True),  # one was resolved
        (TODAY + timedelta(days=1), {"heron"}, False),  # the list has grown
        (TODAY, {"heron", "wren"}, False),  # the day has come
    ],
)
def test_a_snoozed_item_comes_back_on_its_day_or_when_its_list_grows(until, named, snoozed):
    item = need("bad", SPRING, "heron", "wren")
    found = sort(item, bad=Snoozing(until, frozenset(named)))
    assert (found.shown, found.snoozed) == (((), (item,)) if snoozed else ((item,), ()))


def test_harmless_items_are_apart():
    found = sort(need("mild", is_harmless=True), need("bad"))
    assert [one.kind for one in found.shown] == ["bad"]
    assert [one.kind for one in found.harmless] == ["mild"]


names = st.frozensets(st.sampled_from(["heron", "wren", "robin"]), min_size=1)
needs = st.builds(
    lambda kind, cohort, named, follows, harmless: need(
        kind,
        cohort,
        *sorted({"discord", "worker"} if kind == SILENT else named),
        follows_from=follows,
        is_harmless=harmless,
    ),
    st.sampled_from(KINDS),
    st.sampled_from([SPRING, AUTUMN, FAR, ENDED]),
    names,
    st.frozensets(st.sampled_from(["discord", "calendar"])),
    st.booleans(),
)
snoozings = st.builds(
    Snoozing, st.sampled_from([TODAY, TODAY + timedelta(days=3)]), st.frozensets(names, max_size=1)
)


@given(
    st.lists(needs, unique_by=lambda one: one.key, max_size=8),
    st.dictionaries(st.sampled_from(["bad:1", "mild:2"]), snoozings),
    st.randoms(),
)
def test_each_item_is_in_one_list_at_most_in_whatever_sequence_it_was_found(found, snoozed, chance):
    given = {"kinds": KINDS, "starts": STARTS, "snoozed": snoozed, "today": TODAY}
    lists = sort_needs(found, **given)
    placed = [*lists.shown, *lists.harmless, *lists.snoozed]
    assert len({one.key for one in placed}) == len(placed)
    assert {one.key for one in placed} <= {one.key for one in found}
    assert FAR not in {one.cohort_id for one in placed}
    chance.shuffle(found)
    assert sort_needs(found, **given) == lists
