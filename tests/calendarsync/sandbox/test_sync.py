"""Incremental reading: what a sync token returns, and when it is refused."""

from contextlib import suppress
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.calendarsync.sandbox.google import (
    STAMPS,
    Google,
    answers,
    berlin,
    people,
    refused,
    single,
    weekly,
)

FIRST, SECOND, THIRD, FOURTH = (f"series1_{stamp}" for stamp in STAMPS)


def token(google: Google, **query: Any) -> str:
    return str(google.page(**query)["nextSyncToken"])


def told(google: Google, since: str, **query: Any) -> dict[str, str]:
    """The status of each event that was listed since."""
    page = google.page(syncToken=since, **query)
    return {event["id"]: event["status"] for event in page["items"]}


def test_without_changes_the_list_is_empty_and_has_a_token_for_the_next_time(
    google: Google,
) -> None:
    google.insert(single())
    page = google.page(syncToken=token(google))
    assert page["items"] == []
    assert told(google, page["nextSyncToken"]) == {}


def test_own_writes_come_back(google: Google) -> None:
    google.insert(single())
    since = token(google)
    google.insert(weekly())
    google.patch("single1", {"summary": "Renamed"})
    assert told(google, since) == {"single1": "confirmed", "series1": "confirmed"}


def test_what_was_listed_is_not_listed_again(google: Google) -> None:
    since = token(google)
    google.insert(single())
    since = google.page(syncToken=since)["nextSyncToken"]
    google.insert(single("single2"))
    assert told(google, since) == {"single2": "confirmed"}


def test_answers_and_exceptions_are_listed(google: Google) -> None:
    google.settings(etags="own")
    google.insert(weekly(attendees=people("ada")))
    since = token(google)
    google.control("respond", event=SECOND, attendee="ada@learners.example", answer="accepted")
    page = google.page(syncToken=since)
    assert [event["id"] for event in page["items"]] == [SECOND]
    assert answers(page["items"][0]) == {"ada": "accepted"}


def test_deleted_events_are_listed_by_name_or_with_details_if_those_were_asked_for(
    google: Google,
) -> None:
    google.settings(cancelled="detailed")
    google.insert(single())
    plain, detailed = token(google), token(google, showDeleted=True)
    google.delete("single1")
    named = google.page(syncToken=plain)["items"][0]
    assert {key: named[key] for key in named if key != "etag"} == {
        "kind": "calendar#event",
        "id": "single1",
        "status": "cancelled",
    }
    assert google.page(syncToken=detailed, showDeleted=True)["items"][0]["summary"] == "One"


def test_a_cancelled_occurrence_is_listed_with_its_series_and_original_start(
    google: Google,
) -> None:
    google.settings(etags="own")
    google.insert(weekly())
    since = token(google)
    google.delete(SECOND)
    event = google.page(syncToken=since)["items"][0]
    assert (event["id"], event["status"]) == (SECOND, "cancelled")
    assert event["originalStartTime"]["dateTime"] == "2026-10-14T13:00:00Z"


def test_exceptions_that_a_shorter_rule_took_away_are_listed_once_as_cancelled(
    google: Google,
) -> None:
    google.insert(weekly())
    google.patch(FOURTH, {"summary": "Farewell"})
    since = token(google)
    google.patch("series1", {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]})
    assert told(google, since) == {"series1": "confirmed", FOURTH: "cancelled"}
    assert FOURTH not in google.ids(showDeleted=True)


def test_an_occurrence_that_came_back_is_listed_as_it_is(google: Google) -> None:
    google.insert(weekly())
    google.patch(FOURTH, {"summary": "Farewell"})
    plain, single_events = token(google), token(google, singleEvents=True)
    google.patch("series1", {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]})
    google.patch("series1", {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]})
    # A client that has the exception is sent the occurrence, which is like the others again.
    assert told(google, plain) == {"series1": "confirmed", FOURTH: "confirmed"}
    assert google.get(FOURTH)["summary"] == "Group"
    assert google.ids(syncToken=single_events, singleEvents=True) == [FIRST, SECOND, THIRD, FOURTH]


def test_a_changed_series_is_listed_with_its_exceptions(google: Google) -> None:
    google.insert(weekly())
    google.patch(SECOND, {"location": "There"})
    since = token(google)
    google.patch("series1", {"summary": "Renamed"})
    assert told(google, since) == {"series1": "confirmed", SECOND: "confirmed"}


def test_with_single_events_the_occurrences_of_a_changed_series_are_listed(google: Google) -> None:
    google.insert(weekly())
    since = token(google, singleEvents=True)
    google.patch("series1", {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]})
    assert told(google, since, singleEvents=True) == {
        FIRST: "confirmed",
        SECOND: "confirmed",
        THIRD: "cancelled",
        FOURTH: "cancelled",
    }


def test_the_token_comes_on_the_last_page_and_misses_no_write_between_the_pages(
    google: Google,
) -> None:
    for number in range(3):
        google.insert(single(f"single{number}"))
    first = google.page(maxResults=2)
    google.patch("single0", {"summary": "Renamed"})
    last = google.page(maxResults=2, pageToken=first["nextPageToken"])
    assert "nextSyncToken" not in first
    assert told(google, last["nextSyncToken"], maxResults=2) == {"single0": "confirmed"}


def test_changes_are_paged_as_well(google: Google) -> None:
    since = token(google, maxResults=2)
    for number in range(3):
        google.insert(single(f"single{number}"))
    first = google.page(syncToken=since, maxResults=2)
    last = google.page(syncToken=since, maxResults=2, pageToken=first["nextPageToken"])
    assert [len(page["items"]) for page in (first, last)] == [2, 1]
    assert told(google, last["nextSyncToken"], maxResults=2) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"timeMin": "2026-10-01T00:00:00Z"},
        {"timeMax": "2026-10-01T00:00:00Z"},
        {"updatedMin": "2026-09-01T00:00:00Z"},
        {"iCalUID": "x@google.com"},
        {"q": "x"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": "mark=a"},
        {"sharedExtendedProperty": "mark=a"},
        {"showDeleted": False},
        {"showDeleted": True},
        {"singleEvents": True},
        {"maxResults": 10},
        {"timeZone": "Europe/Berlin"},
    ],
    ids=str,
)
def test_a_token_goes_with_no_other_filter_and_no_changed_one(
    google: Google, query: dict[str, Any]
) -> None:
    since = token(google)
    with refused(400, "invalid"):
        google.page(syncToken=since, **query)


@pytest.mark.parametrize(
    "query", [{"maxResults": 10}, {"singleEvents": True}, {"showDeleted": True}], ids=str
)
def test_the_same_parameters_as_the_first_time_are_right(
    google: Google, query: dict[str, Any]
) -> None:
    since = token(google, **query)
    google.insert(single())
    assert told(google, since, **query) == {"single1": "confirmed"}


@pytest.mark.parametrize(
    "query", [{"q": "One"}, {"orderBy": "updated"}, {"iCalUID": "x"},
              {"updatedMin": "2026-09-01T00:00:00Z"}], ids=str,
)  # fmt: skip
def test_a_list_that_cannot_be_carried_on_gives_no_token(
    google: Google, query: dict[str, Any]
) -> None:
    google.insert(single())
    assert "nextSyncToken" not in google.page(**query)


def test_a_range_of_time_is_carried_on_by_the_token(google: Google) -> None:
    google.insert(weekly())
    since = token(google, timeMin="2026-09-10T00:00:00Z")
    google.insert(single())
    google.patch("series1", {"summary": "Renamed"})
    page = google.page(syncToken=since)
    assert [event["id"] for event in page["items"]] == ["series1"]
    google.insert(single("single2"))
    assert told(google, page["nextSyncToken"]) == {}


@pytest.mark.parametrize("bad", ["", "nonsense", "e30=", "W10=", "ÿ"])
def test_an_unknown_token_needs_a_full_sync(google: Google, bad: str) -> None:
    with refused(410, "fullSyncRequired"):
        google.page(syncToken=bad)


def test_a_token_lives_a_week(google: Google) -> None:
    since = token(google)
    google.clock.advance(days=7)
    assert told(google, since) == {}
    google.clock.advance(seconds=1)
    with refused(410, "fullSyncRequired"):
        google.page(syncToken=since)


def test_tokens_can_be_made_to_expire(google: Google) -> None:
    since = token(google)
    google.control("expire_tokens")
    with refused(410, "fullSyncRequired"):
        google.page(syncToken=since)
    assert told(google, token(google)) == {}


def test_a_sandbox_that_was_reset_knows_no_older_token(google: Google) -> None:
    since = token(google)
    google.sandbox.reset()
    with refused(410, "fullSyncRequired"):
        google.page(syncToken=since)


RULES = [weekly(count=count)["recurrence"] for count in (2, 4, 5)]
EXCLUDED = [*RULES[1], "EXDATE;TZID=Europe/Berlin:20261014T150000"]
WRITES = st.one_of(
    st.sampled_from([
        ("insert", weekly(attendees=people("ada"))),
        ("insert", single()),
        ("delete", "series1"),
        ("delete", "single1"),
        ("patch", "series1", {"status": "confirmed"}),
        ("patch", "series1", {"attendees": people("ada", "ben")}),
        ("patch", "series1", berlin("2026-10-08T16:00:00")),
        ("patch", "series1", berlin("2026-10-07T15:00:00")),
    ]),
    st.sampled_from([*RULES, EXCLUDED]).map(
        lambda rules: ("patch", "series1", {"recurrence": rules})
    ),
    st.sampled_from([FIRST, SECOND, FOURTH]).flatmap(lambda one: st.sampled_from([
        ("delete", one),
        ("patch", one, {"status": "confirmed"}),
        ("patch", one, {"summary": "Special"}),
    ])),
)  # fmt: skip


def living(events: list[dict[str, Any]]) -> dict[str, Any]:
    return {event["id"]: event for event in events if event["status"] != "cancelled"}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(WRITES, max_size=4),
    after=st.lists(WRITES, max_size=4),
    expanded=st.booleans(),
)
def test_who_follows_the_changes_holds_what_a_full_list_holds(
    google: Google, before: list[tuple], after: list[tuple], expanded: bool
) -> None:
    google.reset()
    query = {"singleEvents": True} if expanded else {}
    write(google, [("insert", weekly()), *before])
    full = google.page(**query)
    held = living(full["items"])
    write(google, after)
    changed = all_pages(google, syncToken=full["nextSyncToken"], **query)
    gone = {event["id"] for event in changed} - set(living(changed))
    # Without single events a deleted series is listed alone: its exceptions went with it.
    held = {
        key: event
        for key, event in held.items()
        if key not in gone and event.get("recurringEventId") not in gone
    } | living(changed)
    assert held == living(all_pages(google, **query))


def write(google: Google, writes: list[tuple]) -> None:
    for name, *arguments in writes:
        with suppress(HttpError):
            getattr(google, name)(*arguments)


def all_pages(google: Google, **query: Any) -> list[dict[str, Any]]:
    request = google.events.list(calendarId="primary", **query)
    events: list[dict[str, Any]] = []
    while request is not None:
        page = request.execute()
        events += page["items"]
        request = google.events.list_next(request, page)
    return events
