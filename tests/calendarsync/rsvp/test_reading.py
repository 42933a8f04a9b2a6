"""Where people's answers are in the calendar, in any way of reading it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendarsync.plan.calls import CreateEvent
from calendarsync.rsvp.dating import find_changes, is_rewritten
from calendarsync.rsvp.merge import NO_RSVP, GoogleRsvp, LensRsvp, find_replacement
from calendarsync.rsvp.reading import EventPlace, find_series, read_rsvps
from calendarsync.state import ids
from calendarsync.state.observed import (
    Attendee,
    EventDetails,
    ObservedCalendar,
    ObservedEvent,
    read_event,
)
from calendarsync.state.slots import SeriesSlot
from meetings.rhythm import Slot
from tests.calendarsync.direct import DirectClient

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FIRST = datetime(2026, 11, 4, 15, tzinfo=UTC)
SLOT = SeriesSlot.through([FIRST, FIRST + timedelta(weeks=2)], Slot(2, time(15), "UTC", 60))
YES, NO = "attending", "not_attending"
PLACES = tuple(EventPlace(n, start, ("series",), ()) for n, start in enumerate(SLOT.starts(), 1))


def listed(**answers: str) -> tuple[Attendee, ...]:
    return tuple(
        Attendee((("email", f"{name}@example.org"), ("responseStatus", answer)))
        for name, answer in answers.items()
    )


def series(pk: str = "series", **answers: str) -> ObservedEvent:
    end = FIRST + timedelta(hours=1)
    return ObservedEvent(
        pk, "1", "confirmed", start=FIRST, end=end, slot=SLOT, attendees=listed(**answers)
    )


def exception(number: int, of: str = "series", **answers: str) -> ObservedEvent:
    start = SLOT.starts()[number - 1]
    pk = ids.occurrence_id(of, start)
    return ObservedEvent(
        pk, "1", "confirmed", series_id=of, original=start, attendees=listed(**answers)
    )


def observe(*events: ObservedEvent) -> ObservedCalendar:
    return ObservedCalendar({event.id: event for event in events})


# -- one by one ----------------------------------------------------------------------------------


def test_an_answer_is_on_the_series_and_on_the_occurrence() -> None:
    seen = observe(series(ada="accepted", ben="needsAction"), exception(2, ada="declined"))
    assert read_rsvps(PLACES[0], seen) == {
        "ada@example.org": GoogleRsvp("", YES),
        "ben@example.org": NO_RSVP,
    }
    assert read_rsvps(PLACES[1], seen)["ada@example.org"] == GoogleRsvp(NO, YES)


def test_the_newest_series_that_has_the_meeting_counts() -> None:
    place = replace(PLACES[1], series_ids=("new", "series"))
    seen = observe(series(ada="accepted"), series("new", ada="needsAction"))
    assert find_series(place, seen) == seen.events["new"]
    off = replace(exception(2, of="new"), status="cancelled")
    assert find_series(place, observe(*seen.events.values(), off)) == seen.events["series"]
    elsewhere = replace(place, original=FIRST + timedelta(hours=1))
    assert find_series(elsewhere, seen) is None
    assert read_rsvps(elsewhere, seen) == {}


def test_a_part_that_was_split_off_has_the_meetings_of_its_own_weeks() -> None:
    first = replace(series(), slot=replace(SLOT, count=1))
    rest = replace(SLOT, first=SLOT.first + timedelta(weeks=1), count=2)
    part = replace(series("series_R20261111T150000"), slot=rest)
    seen = observe(part, first, replace(part, id="other_R20261111T150000"))
    assert [find_series(place, seen) for place in PLACES] == [first, part, part]


def test_a_single_event_outranks_the_series_and_a_cancelled_one_says_nothing() -> None:
    place = replace(PLACES[0], event_ids=("single",))
    single = ObservedEvent("single", "1", "confirmed", attendees=listed(ada="declined"))
    seen = observe(series(ada="accepted"), single)
    assert read_rsvps(place, seen) == {"ada@example.org": GoogleRsvp(NO)}
    gone = observe(series(ada="accepted"), replace(single, status="cancelled"))
    assert read_rsvps(place, gone) == {"ada@example.org": GoogleRsvp("", YES)}


def test_the_time_of_an_answer_is_that_of_the_event_whose_entry_counts() -> None:
    whole = replace(series(ada="accepted", ben="accepted"), written_at=NOW)
    once = replace(exception(1, ada="declined"), written_at=NOW + timedelta(hours=1))
    read = read_rsvps(PLACES[0], observe(whole, once))
    assert read["ada@example.org"].written_at == once.written_at
    assert read["ben@example.org"].written_at == whole.written_at
    single = replace(once, id="single", series_id=None, original=None)
    read = read_rsvps(EventPlace(1, None, (), ("single",)), observe(single))
    assert read["ada@example.org"].written_at == single.written_at


def test_an_answer_that_is_all_that_changed_is_dated_exactly_and_another_one_is_not() -> None:
    later = NOW + timedelta(hours=1)
    before = series(ada="needsAction", ben="accepted")
    whole = replace(series(ada="accepted", ben="accepted"), written_at=later)
    changes = find_changes([whole], {whole.id: before}, NOW)
    read = read_rsvps(PLACES[0], observe(whole), changes)
    ada, ben = read["ada@example.org"], read["ben@example.org"]
    assert (ada.written_at, ada.series_at, ada.series_id) == (later, later, "series")
    assert (ben.written_at, ben.series_at, ben.series_id) == (NOW, NOW, "series")
    once = exception(1, ada="declined", ben="accepted")
    once = replace(once, start=FIRST, end=FIRST + timedelta(hours=1), written_at=later)
    changes = find_changes([once], {whole.id: before}, NOW)
    read = read_rsvps(PLACES[0], observe(before, once), changes)
    assert read["ada@example.org"].written_at == later
    single = replace(before, id="single", slot=None)
    said = replace(single, attendees=whole.attendees, written_at=later)
    changes = find_changes([said], {"single": single}, NOW)
    read = read_rsvps(EventPlace(1, None, (), ("single",)), observe(said), changes)
    assert (read["ada@example.org"].written_at, read["ben@example.org"].written_at) == (later, NOW)


def test_who_is_only_on_the_occurrence_has_no_answer_on_the_series() -> None:
    seen = observe(series(), exception(1, ada="declined"))
    assert read_rsvps(PLACES[0], seen) == {"ada@example.org": GoogleRsvp(NO, "")}


def test_a_cancelled_series_has_no_occurrence() -> None:
    gone = replace(series(ada="accepted"), status="cancelled")
    assert find_series(PLACES[0], observe(gone)) is None


@pytest.mark.parametrize("short", ["series", "exception"])
def test_a_list_that_was_cut_short_says_nothing_about_anyone(short: str) -> None:
    whole, once = series(ada="accepted"), exception(1, ada="declined")
    if short == "series":
        whole = replace(whole, omitted=True)
    else:
        once = replace(once, omitted=True)
    assert read_rsvps(PLACES[0], observe(whole, once)) == {}


def test_a_series_was_rewritten_when_more_than_answers_changed() -> None:
    before = series(ada="needsAction")
    assert not is_rewritten(before, series(ada="accepted"))
    assert is_rewritten(before, series(ada="needsAction", ben="needsAction"))
    assert is_rewritten(before, replace(before, details=EventDetails(summary="new")))
    assert is_rewritten(None, before)


# -- read in full, or what has changed -----------------------------------------------------------

WHO = st.sampled_from(["ada", "ben"])
HAPPENINGS = st.one_of(
    st.tuples(
        st.just("respond"),
        WHO,
        st.sampled_from(["accepted", "declined", "tentative", "needsAction"]),
        st.sampled_from([None, *SLOT.starts()]),
    ),
    st.tuples(st.just("invite"), st.sampled_from(["cleo", "carl"])),
    st.tuples(st.just("delete"), st.sampled_from(SLOT.starts())),
    st.just(("expire",)),
    st.just(("look",)),
)


class Calendar:
    """One series, and two who read it: by what has changed, and each time in full."""

    def __init__(self, exceptions: str) -> None:
        self.client = DirectClient(lambda: NOW)
        self.client.by_hand("settings", exceptions=exceptions)
        mark = ids.Mark("here", 1, 1)
        call = CreateEvent(EventDetails(mark=mark), SLOT, ("ada@example.org", "ben@example.org"))
        self.series_id = self.run(self.client.insert(call.body(), notify="none")).id
        self.places = [replace(place, series_ids=(self.series_id,)) for place in PLACES]
        self.changes = self.full = ObservedCalendar()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run(coroutine)

    def happen(self, what: str, *details: Any) -> None:
        getattr(self, what)(*details)

    def respond(self, who: str, answer: str, original: datetime | None) -> None:
        where = {"original_start": original.isoformat()} if original else {}
        self.client.by_hand(
            "respond",
            event=self.series_id,
            attendee=f"{who}@example.org",
            answer=answer,
            **where,
        )

    def invite(self, who: str) -> None:
        event = self.run(self.client.get(self.series_id))
        entries = [one.body() for one in event.attendees]
        if f"{who}@example.org" not in event.people:
            entries.append({"email": f"{who}@example.org"})
        self.run(self.client.patch(event, {"attendees": entries}, notify="none"))

    def delete(self, original: datetime) -> None:
        self.client.by_hand("delete_event", event=ids.occurrence_id(self.series_id, original))

    def expire(self) -> None:
        self.client.by_hand("expire_tokens")

    def look(self) -> None:
        self.changes = self.read(self.changes)
        cursor, self.client.cursor = self.client.cursor, ""
        self.full = self.read(self.full)
        self.client.cursor = cursor

    def read(self, before: ObservedCalendar) -> ObservedCalendar:
        listing = self.run(self.client.list())
        kept = {} if listing.full else before.events
        events = map(read_event, listing.bodies)
        return ObservedCalendar({**kept, **{event.id: event for event in events}})


def listen(
    calendar: Calendar, observed: ObservedCalendar, known: dict[Any, GoogleRsvp]
) -> dict[Any, str]:
    """What is taken over; `known` is what was said last, and afterwards what is said now."""
    taken = {}
    for place in calendar.places:
        for address, rsvp in read_rsvps(place, observed).items():
            key = place.meeting_id, address
            taken[key] = find_replacement(known.get(key, NO_RSVP), rsvp, LensRsvp())
            known[key] = rsvp
    return taken


@settings(max_examples=60, deadline=None)
@given(st.lists(HAPPENINGS, max_size=8), st.sampled_from(["left_alone", "overwritten", "merged"]))
def test_a_full_reading_and_one_of_the_changes_return_the_same_answers(
    happenings: list[tuple[Any, ...]], exceptions: str
) -> None:
    calendar = Calendar(exceptions)
    by_changes: dict[Any, GoogleRsvp] = {}
    in_full: dict[Any, GoogleRsvp] = {}
    for happening in [("look",), *happenings, ("look",)]:
        calendar.happen(*happening)
        if happening == ("look",):
            taken = listen(calendar, calendar.changes, by_changes)
            assert taken == listen(calendar, calendar.full, in_full)
            assert by_changes == in_full
            assert not any(listen(calendar, calendar.changes, by_changes).values())
