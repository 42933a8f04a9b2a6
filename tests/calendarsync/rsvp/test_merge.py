"""Each cell of the tables in calendarsync.rsvp.merge, and what holds for any answers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendarsync.rsvp.merge import NO_ANSWER as NONE
from calendarsync.rsvp.merge import GoogleRsvp, LensRsvp, find_replacement, is_copied, read_response

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
YES, NO, MAYBE = "attending", "not_attending", "tentative"
WORDS = (NONE, YES, NO, MAYBE)

NEVER = None
NOTHING = LensRsvp()


def decided(rsvp: str) -> LensRsvp:
    return LensRsvp(rsvp, NOW - HOUR)


# -- where a person's answer is ------------------------------------------------------------------

# last: occurrence, series; now: occurrence, series; what a person has answered
PLACES = {
    "an occurrence is answered":              (NONE, NONE, YES, NONE, YES),
    "an occurrence is answered otherwise":    (NO, NONE, YES, NONE, YES),
    "against the series":                     (NONE, YES, NO, YES, NO),
    "against the series, anew":               (MAYBE, YES, NO, YES, NO),
    "as its series is, by a person":          (NO, YES, YES, YES, YES),
    "a new exception copies its list":        (NONE, YES, YES, YES, NONE),
    "an occurrence stays as it was":          (NO, YES, NO, YES, NONE),
    "it outranks a series answered later":    (NO, YES, NO, MAYBE, NONE),
    "a series is answered":                   (NONE, NONE, NONE, YES, YES),
    "a series is answered otherwise":         (NONE, YES, NONE, NO, NO),
    "a copy follows its series":              (YES, YES, YES, NO, NO),
    "a copy made before the series changed":  (NONE, YES, YES, NO, NO),
    "both at once":                           (NONE, NONE, NO, YES, NO),
    "an occurrence's answer is taken back":   (NO, YES, NONE, YES, NONE),
    "taken back, and the series answered":    (NO, NONE, NONE, YES, YES),
    "a series' answer is taken back":         (NONE, YES, NONE, NONE, NONE),
    "everything is taken back":               (NO, YES, NONE, NONE, NONE),
    "nothing is said":                        (NONE, NONE, NONE, NONE, NONE),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
@pytest.mark.parametrize("here", WORDS)
def test_where_a_persons_answer_is(case: str, here: str) -> None:
    last_own, last_series, own, series, answered = PLACES[case]
    last, says = GoogleRsvp(last_own, last_series), GoogleRsvp(own, series, NOW)
    assert find_replacement(last, says, decided(here)) == answered


def test_a_series_list_that_google_spreads_over_exceptions_is_nobodys_answer() -> None:
    last, says = GoogleRsvp(NO, YES), GoogleRsvp(YES, YES, NOW)
    assert find_replacement(last, says, decided(NO), rewritten=True) == NONE
    assert find_replacement(last, says, decided(NO), rewritten=False) == YES


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (GoogleRsvp(NONE, NONE), GoogleRsvp(NO, NONE, NOW)),
        (GoogleRsvp(NONE, YES), GoogleRsvp(NONE, NO, NOW)),
    ],
)
def test_an_answer_given_while_we_wrote_the_series_counts(
    last: GoogleRsvp, says: GoogleRsvp
) -> None:
    assert find_replacement(last, says, decided(YES), rewritten=True) == NO


# -- the three ways ------------------------------------------------------------------------------

SAID = GoogleRsvp(YES, NONE, NOW)
EARLIER, LATER = LensRsvp(NO, NOW - HOUR), LensRsvp(NO, NOW + HOUR)

NOW_NONE = GoogleRsvp(written_at=NOW)

# decided here, Google said last, Google says now -> what is taken over
THREE_WAYS = {
    "no answer, nothing":                     (NOTHING, GoogleRsvp(), NOW_NONE, NONE),
    "no answer, decided":                     (EARLIER, GoogleRsvp(), NOW_NONE, NONE),
    "no answer, decided, answered before":    (EARLIER, SAID, GoogleRsvp(written_at=NOW), NONE),
    "no answer, never listened":              (EARLIER, NEVER, GoogleRsvp(written_at=NOW), NONE),
    "an answer as before, nothing":           (NOTHING, SAID, SAID, NONE),
    "an answer as before, decided":           (EARLIER, SAID, SAID, NONE),
    "an answer as before, decided later":     (LATER, SAID, SAID, NONE),
    "never listened, nothing":                (NOTHING, NEVER, SAID, YES),
    "never listened, decided":                (EARLIER, NEVER, SAID, NONE),
    "never listened, decided later":          (LATER, NEVER, SAID, NONE),
    "an answer, nothing":                     (NOTHING, GoogleRsvp(), SAID, YES),
    "an answer, decided":                     (EARLIER, GoogleRsvp(), SAID, YES),
    "another answer, decided":                (EARLIER, GoogleRsvp(MAYBE), SAID, YES),
    "an answer, decided later":               (LATER, GoogleRsvp(), SAID, NONE),
    "another answer, decided later":          (LATER, GoogleRsvp(MAYBE), SAID, NONE),
}  # fmt: skip


@pytest.mark.parametrize("case", THREE_WAYS)
def test_what_was_decided_here_meets_what_google_said_and_says(case: str) -> None:
    here, last, says, taken = THREE_WAYS[case]
    assert find_replacement(last, says, here) == taken


def test_an_answer_to_the_series_is_dated_by_the_series() -> None:
    """Where each event has an `updated` of its own, a copy on an exception is older."""
    last = GoogleRsvp(YES, YES, copied=True)
    says = GoogleRsvp(YES, NO, NOW - 2 * HOUR, series_at=NOW)
    assert find_replacement(last, says, decided(YES)) == NO
    assert find_replacement(last, says, LensRsvp(YES, NOW + HOUR)) == NONE


def test_clocks_that_differ_by_a_second_make_no_answer_older() -> None:
    assert find_replacement(GoogleRsvp(), SAID, LensRsvp(NO, NOW + timedelta(seconds=2))) == YES
    assert find_replacement(GoogleRsvp(), SAID, LensRsvp(NO, NOW + timedelta(seconds=3))) == NONE


def test_a_decision_without_a_moment_is_not_newer() -> None:
    assert find_replacement(GoogleRsvp(), SAID, LensRsvp(NO)) == YES
    assert find_replacement(GoogleRsvp(), GoogleRsvp(YES), LATER) == YES


@pytest.mark.parametrize(
    ("last", "now", "copied"),
    [
        (GoogleRsvp(YES, copied=True), GoogleRsvp(YES, NO), True),  # unchanged: as it was
        (GoogleRsvp(YES), GoogleRsvp(YES, YES), False),
        (GoogleRsvp(NONE, YES), GoogleRsvp(YES, NO), True),  # the series had it before
        (GoogleRsvp(NONE, NO), GoogleRsvp(YES, YES), True),  # the series has it now
        (GoogleRsvp(NONE, NO), GoogleRsvp(YES, NO), False),
    ],
)
def test_an_answer_that_the_series_had_or_has_is_a_copy(
    last: GoogleRsvp, now: GoogleRsvp, copied: bool
) -> None:
    assert is_copied(last, now) is copied


@pytest.mark.parametrize(
    ("response", "rsvp"),
    [
        ("accepted", YES),
        ("declined", NO),
        ("tentative", MAYBE),
        ("needsAction", NONE),
        ("whatever comes next", NONE),
        ("", NONE),
    ],
)
def test_googles_answers_in_our_terms(response: str, rsvp: str) -> None:
    assert read_response(response) == rsvp


rsvps = st.builds(GoogleRsvp, st.sampled_from(WORDS), st.sampled_from(WORDS), st.just(NOW))
decisions = st.builds(
    LensRsvp,
    st.sampled_from(WORDS),
    st.none() | st.sampled_from([NOW - HOUR, NOW, NOW + HOUR]),
)


@given(rsvps, decisions, st.booleans())
def test_what_has_not_changed_is_never_taken(
    rsvp: GoogleRsvp, here: LensRsvp, rewritten: bool
) -> None:
    assert find_replacement(rsvp, rsvp, here, rewritten=rewritten) == NONE


@given(st.none() | rsvps, rsvps, decisions, st.booleans())
def test_what_is_taken_is_what_google_says(
    last: GoogleRsvp | None, says: GoogleRsvp, here: LensRsvp, rewritten: bool
) -> None:
    assert find_replacement(last, says, here, rewritten=rewritten) in (
        NONE,
        says.own,
        says.series,
    )


@given(rsvps, rsvps, st.booleans())
def test_what_was_decided_after_google_wrote_always_stays(
    last: GoogleRsvp, says: GoogleRsvp, rewritten: bool
) -> None:
    assert find_replacement(last, says, LensRsvp(NO, NOW + HOUR), rewritten=rewritten) == NONE
