"""What was recorded from Google Calendar itself, fact by fact: the sandbox answers the same way."""

from typing import Any

import pytest

from tests.calendarsync.sandbox.google import (
    STAMPS,
    Google,
    Json,
    answers,
    berlin,
    people,
    refused,
    single,
    weekly,
)

FIRST, SECOND, THIRD, FOURTH = (f"series1_{stamp}" for stamp in STAMPS)
AT_THIRD = "2026-10-21T13:00:00Z"
MARK = {"extendedProperties": {"private": {"mark": "a"}, "shared": {"team": "red"}}}


@pytest.fixture
def term(google: Google) -> Google:
    google.insert(weekly(attendees=people("ada", "ben"), **MARK))
    return google


def changed(google: Google, since: str, **query: Any) -> dict[str, Json]:
    items = google.page(syncToken=since, **query)["items"]
    return {event["id"]: event for event in items}


def token(google: Google, **query: Any) -> str:
    return str(google.page(**query)["nextSyncToken"])


def in_zone(zone: str, day: str, hour: int = 15) -> Json:
    return {
        side: {"dateTime": f"{day}T{hour + after:02}:00:00", "timeZone": zone}
        for side, after in (("start", 0), ("end", 1))
    }


def test_r1_occurrences_of_a_split_off_part_are_named_by_the_first_series(term: Google) -> None:
    term.patch(SECOND, berlin("2026-10-15T09:00:00") | {"summary": "Special"})
    term.patch(FOURTH, {"summary": "Farewell"})
    later = term.control("split", event="series1", at=AT_THIRD)
    shown = term.instances(later["id"])
    assert [one["id"] for one in shown] == [THIRD, FOURTH]
    assert {one["recurringEventId"] for one in shown} == {later["id"]}
    assert later["iCalUID"] == f"{later['id']}@google.com"
    assert later["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=2"]
    assert term.page(showDeleted=True)["items"][-1]["status"] == "confirmed"
    assert [one["summary"] for one in term.instances("series1")] == ["Group", "Special"]
    assert [one["summary"] for one in shown] == ["Group", "Farewell"]
    assert set(answers(shown[0])) == {"ada", "ben"}


def test_r2_the_stamp_of_a_split_is_utc_without_z(google: Google) -> None:
    google.insert(weekly(**in_zone("America/New_York", "2026-10-07", 12)))
    later = google.control("split", event="series1", at="2026-10-21T12:00:00-04:00")
    assert later["id"] == "series1_R20261021T160000"


@pytest.mark.parametrize("moved_part", ["unmarked", "marked"])
def test_r3_a_split_that_also_changes_the_time_gives_the_later_part_an_unrelated_id(
    term: Google, moved_part: str
) -> None:
    term.settings(moved_part=moved_part)
    term.patch(SECOND, {"summary": "Special"})
    term.patch(FOURTH, {"summary": "Farewell"})
    since, series = token(term), term.get("series1")
    later = term.control("split", event="series1", at=AT_THIRD, to="2026-10-22T16:00:00+02:00")
    assert "series1" not in later["id"] + later["iCalUID"]
    assert "_" not in later["id"]
    assert later["id"] not in later["iCalUID"]
    assert [one["start"]["dateTime"] for one in term.instances(later["id"])] == [
        "2026-10-22T14:00:00Z",
        "2026-10-29T15:00:00Z",
    ]
    kept = {"marked": MARK, "unmarked": {}}[moved_part]
    assert later.get("extendedProperties", {}) == kept.get("extendedProperties", {})
    assert (later["summary"], answers(later)) == (series["summary"], answers(series))
    assert [one["id"] for one in term.instances("series1")] == [FIRST, SECOND]
    assert term.get(SECOND)["summary"] == "Special"
    told = changed(term, since)
    assert {pk: one["status"] for pk, one in told.items()} == {
        "series1": "confirmed",
        SECOND: "confirmed",
        FOURTH: "cancelled",
        later["id"]: "confirmed",
    }
    # It is a family of its own.
    term.patch(later["id"], {"summary": "Renamed"})
    assert term.get("series1")["etag"] == told["series1"]["etag"]


def test_r4_a_write_renews_the_version_of_the_whole_family(google: Google) -> None:
    google.insert(single())
    google.insert(weekly())
    google.patch(SECOND, {"summary": "Special"})
    google.patch("series1", {"location": "Room 2"})
    google.patch(SECOND, {"summary": "Very special"})
    family = [google.get("series1"), google.get(SECOND)]
    assert len({(one["etag"], one["updated"]) for one in family}) == 1
    assert google.get("single1")["etag"] not in {one["etag"] for one in family}


def test_r5_edit_all_overwrites_the_fields_of_exceptions_which_stay_listed(term: Google) -> None:
    term.patch(SECOND, {"summary": "Special", "location": "There"})
    since = token(term)
    changes = {"summary": "For all", "end": term.get("series1")["end"]}
    term.control("edit_event", event="series1", changes=changes)
    listed = changed(term, since)
    assert set(listed) == {"series1", SECOND}
    assert listed[SECOND]["summary"] == "For all"
    assert "location" not in listed[SECOND]
    assert listed[SECOND]["recurringEventId"] == "series1"


@pytest.mark.parametrize(
    ("zone", "until"),
    [("America/Chicago", "20261021T045959Z"), ("Europe/Berlin", "20261020T215959Z")],
)
def test_r6_a_cut_in_the_interface_ends_with_the_previous_local_day(
    google: Google, zone: str, until: str
) -> None:
    made = google.insert(weekly(**in_zone(zone, "2026-10-07")))
    third = google.instances(made["id"])[2]["start"]["dateTime"]
    google.control("split", event="series1", at=third)
    assert google.get("series1")["recurrence"] == [f"RRULE:FREQ=WEEKLY;UNTIL={until}"]
    assert len(google.instances("series1")) == 2


def test_r7_an_occurrence_that_was_cancelled_and_later_cut_off_has_three_fields(
    term: Google,
) -> None:
    term.delete(THIRD)
    term.patch(FOURTH, {"summary": "Farewell"})
    since = token(term)
    rules = ["RRULE:FREQ=WEEKLY;UNTIL=20261020T215959Z"]
    term.control("edit_event", event="series1", changes={"recurrence": rules})
    listed = changed(term, since)
    assert set(listed[THIRD]) == {"id", "etag", "status"}
    assert listed[THIRD]["status"] == listed[FOURTH]["status"] == "cancelled"
    assert set(listed[FOURTH]) > set(listed[THIRD])


@pytest.mark.parametrize("query", [{}, {"showDeleted": True}], ids=["plain", "showDeleted"])
def test_r8_a_deleted_series_is_listed_alone_with_four_fields(
    term: Google, query: dict[str, Any]
) -> None:
    term.patch(SECOND, {"summary": "Special"})
    since = token(term, **query)
    term.control("delete_event", event="series1")
    listed = changed(term, since, **query)
    assert set(listed) == {"series1"}
    assert set(listed["series1"]) == {"kind", "etag", "id", "status"}
    since = token(term)
    term.patch("series1", {"status": "confirmed"})
    assert {pk: one["status"] for pk, one in changed(term, since).items()} == {
        "series1": "confirmed",
        SECOND: "confirmed",
    }


def test_r9_virtual_occurrences_share_what_their_series_has(term: Google) -> None:
    term.control("respond", event="series1", attendee="ada@learners.example", answer="accepted")
    series = term.get("series1")
    shared = ("etag", "updated", "created", "sequence", "extendedProperties", "attendees")
    for one in term.instances("series1"):
        assert {name: one[name] for name in shared} == {name: series[name] for name in shared}


def test_r10_an_exception_keeps_a_list_of_its_own_when_another_occurrence_is_deleted(
    google: Google,
) -> None:
    google.insert(weekly(attendees=people("ada", "ben", "cleo")))
    everyone = people("ada", "ben", "cleo", *(f"guest{number}" for number in range(10)))
    google.patch(SECOND, {"attendees": everyone})
    google.control("respond", event=SECOND, attendee="guest3@learners.example", answer="accepted")
    before = google.get(SECOND)["attendees"]
    google.delete(THIRD)
    excluded = [*weekly()["recurrence"], "EXDATE;TZID=Europe/Berlin:20261028T150000"]
    google.control("edit_event", event="series1", changes={"recurrence": excluded})
    assert google.get(SECOND)["attendees"] == before
    assert (len(before), len(google.get("series1")["attendees"])) == (13, 3)
    assert [one["id"] for one in google.instances("series1")] == [FIRST, SECOND]


def test_r11_on_a_secondary_calendar_the_calendar_organizes_what_its_user_creates(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = "abc@group.calendar.google.com"
    monkeypatch.setattr(google.sandbox.state, "calendar_id", calendar)
    google.settings(summary="Academy")
    made = google.events.insert(calendarId=calendar, body=single()).execute()
    assert made["organizer"] == {"email": calendar, "displayName": "Academy", "self": True}
    assert set(made["creator"]) == {"email"}
    assert made["creator"]["email"] != calendar


@pytest.mark.parametrize(
    ("cancelled", "fields"),
    [
        ("named", {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}),
        ("bare", {"etag", "id", "status"}),
    ],
)
def test_r12_a_cancelled_occurrence_in_a_list_has_few_fields(
    term: Google, cancelled: str, fields: set[str]
) -> None:
    term.settings(cancelled=cancelled)
    since = token(term)
    term.delete(SECOND)
    assert set(changed(term, since)[SECOND]) == fields
    # As in 2015.
    term.settings(cancelled="whole")
    assert set(changed(term, since)[SECOND]) > {"summary", "attendees", "updated", *fields}


def test_r13_an_original_start_is_written_in_the_exceptions_own_zone(term: Google) -> None:
    term.patch(SECOND, in_zone("America/Chicago", "2026-10-15"))
    original = term.get(SECOND)["originalStartTime"]
    assert original == {"dateTime": "2026-10-14T13:00:00Z", "timeZone": "America/Chicago"}
    assert term.get(THIRD)["originalStartTime"]["timeZone"] == "Europe/Berlin"
    with refused(404, "notFound"):
        term.get("series1_20261015T200000Z")
