"""What may be in an event, and what is refused before anything changes."""

from typing import Any

import pytest

from tests.calendarsync.sandbox.google import (
    CALENDAR,
    Google,
    berlin,
    people,
    refused,
    single,
    weekly,
)

START = {"dateTime": "2026-09-02T15:00:00", "timeZone": "Europe/Berlin"}
BAD = {
    "no start": ({"start": None}, "required"),
    "no end": ({"end": None}, "required"),
    "no zone": ({"start": {"dateTime": "2026-09-02T15:00:00"}}, "required"),
    "day and time": ({"start": {**START, "date": "2026-09-02"}}, "invalid"),
    "neither": ({"start": {"timeZone": "Europe/Berlin"}}, "invalid"),
    "unknown zone": ({"start": {**START, "timeZone": "Mars/Base"}}, "invalid"),
    "zone of Windows": ({"start": {**START, "timeZone": "Eastern Standard Time"}}, "invalid"),
    "no such day": ({"start": {**START, "dateTime": "2026-02-30T15:00:00"}}, "invalid"),
    "a time without seconds": ({"start": {**START, "dateTime": "2026-09-02T15:00"}}, "invalid"),
    "text for a time": ({"start": "2026-09-02"}, "invalid"),
    "year one": ({"start": {"dateTime": "0001-01-01T00:00:00+05:00"}}, "invalid"),
    "ends before it starts": ({"end": {**START, "dateTime": "2026-09-02T14:00:00"}},
                              "timeRangeEmpty"),
    "half a day": ({"end": {"date": "2026-09-03"}}, "invalid"),
    "number for a text": ({"summary": 7}, "invalid"),
    "text for a flag": ({"guestsCanModify": "true"}, "invalid"),
    "unknown field": ({"colour": "red"}, "badRequest"),
    "unknown visibility": ({"visibility": "secret"}, "invalid"),
    "unknown status": ({"status": "maybe"}, "invalid"),
    "born deleted": ({"status": "cancelled"}, "invalid"),
    "long key": ({"extendedProperties": {"private": {"k" * 45: "v"}}}, "invalid"),
    "long value": ({"extendedProperties": {"private": {"k": "v" * 1025}}}, "invalid"),
    "number as a property": ({"extendedProperties": {"private": {"k": 1}}}, "invalid"),
    "sixth reminder": ({"reminders": {"overrides": [{"method": "popup", "minutes": 1}] * 6}},
                       "invalid"),
    "reminder by pigeon": ({"reminders": {"overrides": [{"method": "pigeon", "minutes": 1}]}},
                           "invalid"),
    "both kinds of reminders": (
        {"reminders": {"useDefault": True, "overrides": [{"method": "popup", "minutes": 1}]}},
        "cannotUseDefaultRemindersAndSpecifyOverride",
    ),
    "two names": ({"iCalUID": "x@y"}, "invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_event_is_refused_and_nothing_is_made(google: Google, name: str) -> None:
    fields, reason = BAD[name]
    with refused(400, reason):
        google.insert(single(**fields))
    assert google.sandbox.state.events == {}


@pytest.mark.parametrize(
    "name", [name for name in BAD if name not in ("born deleted", "two names")]
)
def test_a_bad_change_is_refused_and_nothing_is_changed(google: Google, name: str) -> None:
    before = google.insert(single(attendees=people("ada")))
    fields, reason = BAD[name]
    with refused(400, reason):
        google.update("single1", single(**fields))
    assert google.get("single1") == before


RULES = {
    "no rule": "FREQ=WEEKLY",
    "start within": "DTSTART:20260902T150000Z",
    "no frequency": "RRULE:COUNT=3",
    "every second": "RRULE:FREQ=SECONDLY;COUNT=3",
    "count and until": "RRULE:FREQ=WEEKLY;COUNT=3;UNTIL=20271231T000000Z",
    "until in wall time": "RRULE:FREQ=WEEKLY;UNTIL=20271231T000000",
    "unknown day": "RRULE:FREQ=WEEKLY;BYDAY=XX",
    "over before it begins": "RRULE:FREQ=WEEKLY;UNTIL=20200101T000000Z",
    "unreadable exclusion": "EXDATE:tomorrow",
    "a number": 5,
}


@pytest.mark.parametrize("name", RULES)
def test_a_bad_rule_is_refused(google: Google, name: str) -> None:
    with refused(400, "invalid"):
        google.insert(weekly(recurrence=[RULES[name]]))
    assert google.sandbox.state.events == {}


def test_a_series_needs_a_zone_to_repeat_in(google: Google) -> None:
    times = {
        "start": {"dateTime": "2026-09-02T15:00:00Z"},
        "end": {"dateTime": "2026-09-02T16:00:00Z"},
    }
    with refused(400, "required"):
        google.insert(weekly(**times))
    assert google.insert(single(**times))["start"] == {"dateTime": "2026-09-02T15:00:00Z"}


def test_a_patch_of_one_side_is_checked_against_the_other(google: Google) -> None:
    google.insert(single())
    with refused(400, "timeRangeEmpty"):
        google.patch("single1", {"start": berlin("2026-09-02T18:00:00")["start"]})
    with refused(400, "invalid"):
        google.patch("single1", {"start": {"date": "2026-09-02"}})


def test_a_patched_time_without_an_offset_is_in_the_zone_the_event_has(google: Google) -> None:
    google.insert(single())
    patched = google.patch("single1", {"start": {"dateTime": "2026-09-02T14:30:00"}})
    assert patched["start"]["dateTime"] == "2026-09-02T12:30:00Z"


def test_what_a_client_reads_it_may_write_back(google: Google) -> None:
    google.insert(weekly(attendees=people("ada")))
    seen = google.get("series1")
    again = google.update("series1", {**seen, "summary": "Renamed"})
    changed = {key for key in again if again[key] != seen[key]}
    assert changed == {"summary", "etag"}


def test_an_all_day_event_keeps_its_days(google: Google) -> None:
    days = {"start": {"date": "2026-09-02"}, "end": {"date": "2026-09-03"}}
    made = google.insert(single(**days))
    assert (made["start"], made["end"]) == (days["start"], days["end"])
    with refused(400, "timeRangeEmpty"):
        google.patch("single1", {"end": {"date": "2026-09-02"}})


@pytest.mark.parametrize("defaults", [
    {"guestsCanSeeOtherGuests": True, "guestsCanInviteOthers": True, "guestsCanModify": False},
    {"transparency": "opaque", "visibility": "default", "anyoneCanAddSelf": False},
    {"description": "", "location": "", "attendees": [], "extendedProperties": {"private": {}}},
])  # fmt: skip
def test_what_equals_its_default_is_left_out(google: Google, defaults: dict[str, Any]) -> None:
    assert set(google.insert(single(**defaults))) & set(defaults) == set()


def test_what_differs_from_its_default_is_returned(google: Google) -> None:
    fields = {"guestsCanSeeOtherGuests": False, "guestsCanInviteOthers": False,
              "visibility": "private", "reminders": {"useDefault": False}}  # fmt: skip
    made = google.insert(single(**fields, transparency="transparent"))
    assert {key: made[key] for key in fields} == fields


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(google: Google, body: bytes) -> None:
    answer = google.raw("POST", f"/calendars/{CALENDAR}/events", body)
    assert (answer.status, answer.reason) == (400, "parseError")


def test_a_body_that_is_not_called_json_is_refused(google: Google) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = google.raw("POST", f"/calendars/{CALENDAR}/events", single(), headers)
    assert (answer.status, answer.reason) == (400, "parseError")


@pytest.mark.parametrize(
    "query",
    ["maxResults=0", "maxResults=many", "singleEvents=yes", "sendUpdates=all", "colour=red",
     "timeMin=2026-09-02", "timeMin=2026-09-02T10:00:00", "orderBy=name", "timeZone=Mars/Base",
     "timeMin=2026-09-03T00:00:00Z&timeMax=2026-09-02T00:00:00Z", "orderBy=startTime",
     "pageToken=mine", "maxAttendees=-1", "fields=items(", "fields=items)",
     "singleEvents=true&singleEvents=true"],
)  # fmt: skip
def test_a_bad_parameter_is_refused(google: Google, query: str) -> None:
    answer = google.raw("GET", f"/calendars/{CALENDAR}/events?{query}")
    assert answer.status == 400
    assert answer.body["error"]["code"] == 400
