"""Who is coming, away or silent, and how many names a page shows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.needs.open_cohorts import DeskMember
from lens.desk.today import LEAST, MOST, NAMED, choose_sentence, choose_shown
from lens.desk.week import sort_answers
from meetings.needs.upcoming import DeskAnswer

RSVPS = ("pending", "attending", "not_attending", "tentative")


def member(user_id: int, role: str = "participant") -> DeskMember:
    return DeskMember(user_id, user_id, 1, 1, role, f"P{user_id}", "", "UTC", None)


def answer(user_id: int, rsvp: str, *, is_guest: bool = False) -> DeskAnswer:
    return DeskAnswer(1, user_id, f"P{user_id}", rsvp, is_guest)


def test_people_are_listed_by_their_answers():
    members = [member(1, "facilitator"), member(2), member(3), member(4), member(5)]
    answers = [
        answer(1, "attending"),
        answer(2, "tentative"),
        answer(3, "not_attending"),
        answer(4, "not_attending"),
        answer(8, "attending", is_guest=True),
        answer(9, "not_attending", is_guest=True),
        answer(10, "attending"),
    ]
    found = sort_answers(members, answers, {4: "Wren"})
    assert dict(found.parts) == {
        "coming": ("P1 (facilitator)",),
        "maybe": ("P2",),
        "away": ("P3", "P4 (visits Wren)"),
        "no answer": ("P5",),
        "guest": ("P8",),
    }


@given(
    st.sets(st.integers(1, 9)),
    st.lists(
        st.builds(answer, st.integers(1, 12), st.sampled_from(RSVPS), is_guest=st.booleans()),
        unique_by=lambda one: one.user_id,
    ),
    st.dictionaries(st.integers(1, 9), st.just("Wren")),
)
def test_each_member_is_in_exactly_one_list_and_no_guest_is_a_member(ids, answers, visits):
    found = sort_answers([member(pk) for pk in sorted(ids)], answers, visits)
    lists = [found.coming, found.maybe, found.away, found.pending]
    named = [name.partition(" ")[0] for names in lists for name in names]
    assert sorted(named) == sorted(f"P{pk}" for pk in ids)
    assert not {f"P{pk}" for pk in ids} & set(found.guests)


@pytest.mark.parametrize(
    ("needs", "starts_at", "sentence"),
    [
        (1, None, "1 thing needs you"),
        (3, datetime(2027, 3, 1, 18, tzinfo=UTC), "3 things need you"),
        (
            0,
            datetime(2027, 3, 1, 18, tzinfo=UTC),
            "Everything is fine. Next meeting: Heron, today 18:00.",
        ),
        (
            0,
            datetime(2027, 3, 2, 9, 5, tzinfo=UTC),
            "Everything is fine. Next meeting: Heron, tomorrow 09:05.",
        ),
        (
            0,
            datetime(2027, 3, 5, 18, tzinfo=UTC),
            "Everything is fine. Next meeting: Heron, Friday 5 March 18:00.",
        ),
        (0, None, "Everything is fine. No meeting is planned."),
    ],
)
def test_the_first_sentence_says_what_needs_staff_or_what_is_next(needs, starts_at, sentence):
    assert choose_sentence(needs, "Heron", starts_at, date(2027, 3, 1)) == sentence


@given(st.integers(0, 1000))
def test_the_names_on_a_page_are_limited_and_each_item_shows_some(number):
    shown = choose_shown(number)
    assert LEAST <= shown <= MOST
    assert shown == LEAST or number * shown <= NAMED
