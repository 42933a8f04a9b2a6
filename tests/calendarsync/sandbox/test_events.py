"""Inserting, reading, changing and deleting one event."""

import pytest

from tests.calendarsync.sandbox.google import CALENDAR, Google, berlin, people, refused, single


def test_an_event_is_answered_as_google_answers_it(google: Google) -> None:
    assert google.insert(single(description="", attendees=people("ada"))) == {
        "kind": "calendar#event",
        "etag": '"3300000000000002"',
        "id": "single1",
        "status": "confirmed",
        "htmlLink": "https://www.google.com/calendar/event?eid=c2luZ2xlMSBsZW5zQHNhbmRib3guZXhhbXBsZQ",
        "created": "2026-09-01T08:00:00.000Z",
        "updated": "2026-09-01T08:00:00.000Z",
        "summary": "One",
        "creator": {"email": CALENDAR, "self": True},
        "organizer": {"email": CALENDAR, "self": True},
        "start": {"dateTime": "2026-09-02T13:00:00Z", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-09-02T14:00:00Z", "timeZone": "Europe/Berlin"},
        "iCalUID": "single1@google.com",
        "sequence": 0,
        "eventType": "default",
        "reminders": {"useDefault": True},
        "attendees": [{"email": "ada@learners.example", "responseStatus": "needsAction"}],
    }


def test_times_come_in_the_zone_of_the_calendar_and_the_events_own_zone_stays(
    google: Google,
) -> None:
    google.insert(single())
    google.settings(time_zone="America/New_York")
    assert google.get("single1")["start"] == {
        "dateTime": "2026-09-02T09:00:00-04:00",
        "timeZone": "Europe/Berlin",
    }
    asked = google.get("single1", timeZone="Asia/Tokyo")
    assert asked["start"]["dateTime"] == "2026-09-02T22:00:00+09:00"


@pytest.mark.parametrize("bad", ["abcd", "UPPER", "with-dash", "wxyz1", "a" * 1025, ""])
def test_an_id_has_5_to_1024_of_a_to_v_and_digits(google: Google, bad: str) -> None:
    with refused(400, "invalid"):
        google.insert(single(bad))
    assert google.ids() == []


def test_an_event_without_an_id_gets_one(google: Google) -> None:
    body = single()
    del body["id"]
    first, second = google.insert(body), google.insert(body)
    assert first["id"] != second["id"]
    assert google.get(first["id"]) == first


def test_an_id_is_used_once_and_never_again_even_after_deletion(google: Google) -> None:
    google.insert(single())
    with refused(409, "duplicate"):
        google.insert(single(summary="Another"))
    assert google.get("single1")["summary"] == "One"
    google.delete("single1")
    with refused(409, "duplicate"):
        google.insert(single())


def test_a_deleted_event_stays_with_its_details_as_cancelled(google: Google) -> None:
    google.insert(single(attendees=people("ada")))
    google.delete("single1")
    seen = google.get("single1")
    assert (seen["status"], seen["summary"]) == ("cancelled", "One")
    with refused(410, "deleted"):
        google.delete("single1")


def test_a_deleted_event_is_forgotten_after_a_month_but_its_id_is_not(google: Google) -> None:
    google.insert(single())
    google.delete("single1")
    google.clock.advance(days=31)
    with refused(404, "notFound"):
        google.get("single1")
    with refused(409, "duplicate"):
        google.insert(single())


@pytest.mark.parametrize("write", ["patch", "update"])
def test_a_deleted_event_comes_back_when_it_is_confirmed_again(google: Google, write: str) -> None:
    google.insert(single(attendees=people("ada")))
    google.delete("single1")
    getattr(google, write)("single1", single(attendees=people("ada")))
    assert google.get("single1")["status"] == "cancelled"
    back = getattr(google, write)("single1", single(status="confirmed", attendees=people("ada")))
    assert (back["status"], back["sequence"]) == ("confirmed", 2)
    assert google.ids() == ["single1"]


def test_what_is_not_there_is_not_found(google: Google) -> None:
    for call in (google.get, google.delete, google.instances):
        with refused(404, "notFound"):
            call("nothing1")
    with refused(404, "notFound"):
        google.patch("nothing1", {"summary": "x"})


def test_a_patch_leaves_the_rest_and_an_update_does_not(google: Google) -> None:
    google.insert(single(description="Bring a pen", location="Here", guestsCanInviteOthers=False))
    patched = google.patch("single1", {"location": "There"})
    assert (patched["location"], patched["description"]) == ("There", "Bring a pen")
    updated = google.update("single1", single())
    assert {"location", "description", "guestsCanInviteOthers"} & set(updated) == set()


def test_a_patch_takes_a_field_away_with_null(google: Google) -> None:
    google.insert(single(description="Bring a pen"))
    assert "description" not in google.patch("single1", {"description": None})


def test_private_properties_are_merged_by_a_patch(google: Google) -> None:
    google.insert(single(extendedProperties={"private": {"mark": "1", "kept": "2"}}))
    changes = {"extendedProperties": {"private": {"mark": "9", "new": "3"}}}
    patched = google.patch("single1", changes)
    assert patched["extendedProperties"] == {"private": {"mark": "9", "kept": "2", "new": "3"}}
    patched = google.patch("single1", {"extendedProperties": {"private": {"kept": None}}})
    assert patched["extendedProperties"] == {"private": {"mark": "9", "new": "3"}}


def test_every_write_changes_the_etag_and_only_changes_that_matter_the_sequence(
    google: Google,
) -> None:
    first = google.insert(single())
    google.clock.advance(minutes=5)
    second = google.patch("single1", {"summary": "Two"})
    third = google.patch("single1", berlin("2026-09-02T16:00:00"))
    assert len({event["etag"] for event in (first, second, third)}) == 3
    assert [event["sequence"] for event in (first, second, third)] == [0, 0, 1]
    assert second["created"] == first["created"]
    assert second["updated"] == "2026-09-01T08:05:00.000Z"


def test_a_write_with_an_old_etag_is_refused_and_changes_nothing(google: Google) -> None:
    first = google.insert(single())
    now = google.patch("single1", {"summary": "Two"})
    for method, body in (("PATCH", {"summary": "x"}), ("PUT", single()), ("DELETE", None)):
        path = f"/calendars/{CALENDAR}/events/single1"
        answer = google.raw(method, path, body, {"If-Match": first["etag"]})
        assert (answer.status, answer.reason) == (412, "conditionNotMet")
    assert google.get("single1") == now


def test_a_write_with_the_present_etag_is_done(google: Google) -> None:
    etag = google.insert(single())["etag"]
    request = google.events.patch(calendarId=CALENDAR, eventId="single1", body={"summary": "Two"})
    request.headers["If-Match"] = etag
    assert request.execute()["summary"] == "Two"


def test_reading_what_one_knows_is_answered_with_304(google: Google) -> None:
    etag = google.insert(single())["etag"]
    path = f"/calendars/{CALENDAR}/events/single1"
    assert google.raw("GET", path, headers={"If-None-Match": etag}).status == 304
    google.patch("single1", {"summary": "Two"})
    assert google.raw("GET", path, headers={"If-None-Match": etag}).status == 200


def test_conference_data_needs_its_version(google: Google) -> None:
    wish = {"conferenceData": {"createRequest": {"requestId": "r1"}}}
    assert "conferenceData" not in google.insert(single(**wish))
    made = google.patch("single1", wish, conferenceDataVersion=1)
    assert made["conferenceData"]["entryPoints"][0]["uri"].startswith("https://meet.google.com/")
    kept = google.update("single1", single())
    assert kept["conferenceData"] == made["conferenceData"]


def test_a_write_of_an_older_version_is_refused(google: Google) -> None:
    google.insert(single())
    google.patch("single1", berlin("2026-09-02T16:00:00"))
    with refused(400, "invalid"):
        google.patch("single1", {"sequence": 0, "summary": "x"})


def test_only_the_asked_fields_are_answered(google: Google) -> None:
    google.insert(single(attendees=people("ada")))
    shown = google.get("single1", fields="id,start/dateTime,attendees(email)")
    assert shown == {
        "id": "single1",
        "start": {"dateTime": "2026-09-02T13:00:00Z"},
        "attendees": [{"email": "ada@learners.example"}],
    }
