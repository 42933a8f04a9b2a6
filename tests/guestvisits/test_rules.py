"""Each refusal has a name and a sentence; the rules are pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestvisits.rules import (
    RULES,
    BookingFacts,
    CohortSettings,
    VisitMeeting,
    broken_rules,
    find_guest_refusal,
    find_refusal,
)

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def meeting(which: int, **facts) -> VisitMeeting:
    start = NOW + timedelta(days=3)
    plain = VisitMeeting(
        meeting_id=which,
        group_id=which,
        cohort_id=1,
        number=5,
        starts_at=start,
        ends_at=start + HOUR,
        is_cancelled=False,
        group_is_set_up=True,
    )
    return replace(plain, **facts)


OPEN = BookingFacts(
    home=meeting(1),
    host=meeting(2),
    is_participant=True,
    is_facilitator=False,
    is_host_member=False,
    was_at_home_meeting=False,
    is_visiting=False,
    has_visited=False,
    guests=0,
    visits=0,
    settings=CohortSettings(),
)


def host(**facts) -> dict:
    return {"host": meeting(2, **facts)}


def limits(**limit: int) -> dict:
    return {"settings": CohortSettings(**limit)}


CASES = [
    ("own_group", host(group_id=1)),
    ("another_cohort", host(cohort_id=2)),
    ("extra_session", {"home": meeting(1, number=None)}),
    ("extra_session", host(number=None)),
    ("another_week", host(number=6)),
    ("facilitator_of_home", {"is_facilitator": True, "is_participant": False}),
    ("not_active_participant", {"is_participant": False}),
    ("group_not_active", {"home": meeting(1, group_is_set_up=False)}),
    ("checked_in_at_home", {"was_at_home_meeting": True}),
    ("already_member", {"is_host_member": True}),
    ("already_visiting", {"is_visiting": True}),
    ("already_visiting", {"has_visited": True}),
    ("group_not_active", host(group_is_set_up=False)),
    ("meeting_cancelled", host(is_cancelled=True)),
    ("meeting_over", host(starts_at=NOW - HOUR, ends_at=NOW)),
    ("meeting_begun", host(starts_at=NOW, ends_at=NOW + HOUR)),
    ("host_full", {"guests": 2, **limits(guest_seats=2)}),
    ("host_full", limits(guest_seats=0)),
    ("too_late", limits(booking_cutoff_hours=72)),
    ("too_many_visits", {"visits": 3, **limits(visits_per_person=3)}),
]


def test_a_visit_that_breaks_no_rule_is_open():
    assert find_refusal(OPEN, NOW) is None


@pytest.mark.parametrize(("name", "facts"), CASES)
def test_each_rule_forbids_what_it_names(name, facts):
    assert [rule.code for rule in broken_rules(replace(OPEN, **facts), NOW)] == [name]


def test_every_rule_of_the_table_has_a_case():
    assert {rule.code for rule in RULES} == {name for name, _ in CASES}


@pytest.mark.parametrize(("name", "facts"), CASES)
def test_each_refusal_is_a_sentence_with_its_figures(name, facts):
    refusal = find_refusal(replace(OPEN, **facts), NOW)
    assert refusal.sentence[0].isupper()
    assert refusal.sentence.endswith(".")
    assert "{" not in refusal.sentence
    assert "None" not in refusal.sentence


@pytest.mark.parametrize(
    ("facts", "moment"),
    [
        (limits(guest_seats=3) | {"guests": 2}, NOW),
        (limits(visits_per_person=3) | {"visits": 2}, NOW),
        (limits(booking_cutoff_hours=24), NOW + timedelta(days=2, seconds=-1)),
        (limits(booking_cutoff_hours=0), NOW + timedelta(days=3, seconds=-1)),
        ({"guests": 1000, "visits": 1000}, NOW + timedelta(days=3, seconds=-1)),
    ],
)
def test_a_limit_that_is_not_reached_forbids_nothing(facts, moment):
    assert find_refusal(replace(OPEN, **facts), moment) is None


def test_a_meeting_at_home_that_is_over_or_cancelled_is_no_obstacle():
    missed = meeting(1, starts_at=NOW - HOUR, ends_at=NOW, is_cancelled=True)
    assert find_refusal(replace(OPEN, home=missed), NOW) is None


def test_a_rule_about_the_guest_is_broken_for_every_host():
    guest_rules = {rule.code for rule in RULES if rule.of_guest}
    for name, facts in CASES:
        refusal = find_guest_refusal(replace(OPEN, **facts), NOW)
        if refusal:
            assert refusal.code == name
            assert name in guest_rules


moments = st.integers(-400, 400).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def meetings(draw) -> VisitMeeting:
    start = draw(moments)
    ids = st.integers(1, 3)
    return VisitMeeting(
        meeting_id=draw(ids),
        group_id=draw(ids),
        cohort_id=draw(st.integers(1, 2)),
        number=draw(ids),
        starts_at=start,
        ends_at=start + timedelta(minutes=draw(st.integers(5, 1440))),
        is_cancelled=draw(st.booleans()),
        group_is_set_up=draw(st.booleans()),
    )


limit = st.none() | st.integers(0, 5)
bookings = st.builds(
    BookingFacts,
    home=meetings(),
    host=meetings(),
    is_participant=st.booleans(),
    is_facilitator=st.booleans(),
    is_host_member=st.booleans(),
    was_at_home_meeting=st.booleans(),
    is_visiting=st.booleans(),
    guests=st.integers(0, 6),
    visits=st.integers(0, 6),
    settings=st.builds(CohortSettings, limit, limit, limit),
)


@given(bookings)
def test_what_is_open_keeps_every_promise_of_the_design(facts):
    if find_refusal(facts, NOW):
        return
    home, host = facts.home, facts.host
    assert (host.cohort_id, host.number) == (home.cohort_id, home.number)
    assert host.group_id != home.group_id
    assert host.starts_at > NOW
    assert host.group_is_set_up
    assert home.group_is_set_up
    assert not host.is_cancelled
    assert facts.is_participant
    assert not facts.was_at_home_meeting
    assert not facts.is_host_member
    assert not facts.is_visiting
    assert facts.seats_left is None or facts.seats_left > 0


@given(bookings)
def test_the_first_broken_rule_is_the_one_that_is_reported(facts):
    broken = broken_rules(facts, NOW)
    refusal = find_refusal(facts, NOW)
    assert (refusal.code if refusal else None) == (broken[0].code if broken else None)


@given(bookings, st.integers(0, 400))
def test_time_alone_never_opens_a_visit_that_was_refused(facts, hours):
    if find_refusal(facts, NOW):
        assert find_refusal(facts, NOW + timedelta(hours=hours))
