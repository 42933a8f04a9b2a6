"""What a person does behind our back, and what the page shows of it all."""

from typing import Any

import pytest

from calendarsync.sandbox.page import view
from tests.calendarsync.sandbox.google import (
    CALENDAR,
    STAMPS,
    Google,
    answers,
    berlin,
    people,
    refused,
    single,
    weekly,
)

SECOND = f"series1_{STAMPS[1]}"
ADA = "ada@learners.example"
SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    ("settings", {"colour": "red"}, "no setting `colour`"),
    ("settings", {"exceptions": "ignored"}, "not a valid value of the setting `exceptions`"),
    ("settings", {"time_zone": "Mars/Base"}, "no IANA time zone"),
    ("settings", {"quota": -1}, "not a valid value of the setting `quota`"),
    ("settings", {"delegation": "no"}, "not a valid value of the setting `delegation`"),
    ("settings", {"page_size": 0, "summary": "x"}, "not a valid value of the setting `page_size`"),
    ("respond", {"event": "series1", "attendee": ADA, "answer": "yes"}, "answer must be one of"),
    ("respond", {"event": "nothing1", "attendee": ADA, "answer": "accepted"}, "no event nothing1"),
    ("respond", {"event": "series1", "attendee": "zoe@x.example", "answer": "accepted"},
     "zoe@x.example is not invited"),
    ("respond", {"event": "series1", "attendee": ADA, "answer": "accepted",
                 "original_start": "2026-10-13T13:00:00Z"}, "no occurrence at"),
    ("respond", {"event": "series1", "attendee": ADA, "answer": "accepted",
                 "original_start": "tomorrow"}, "“tomorrow” is not a time"),
    ("respond", {"event": "series1", "answer": "accepted"}, "`attendee` must be text"),
    ("delete_event", {"event": "nothing1"}, "Not Found"),
    ("delete_event", {}, "`event` must be text"),
    ("edit_event", {"event": "series1"}, "`changes` must be an object"),
    ("edit_event", {"event": "series1", "changes": {"summary": 1}}, "Invalid value"),
    ("edit_event", {"event": "series1", "changes": {}, "send_updates": "some"}, "must be one of"),
    ("split", {"event": "series1", "at": "2026-10-07T13:00:00Z"}, "cannot be split at"),
    ("split", {"event": "nothing1", "at": "2026-10-07T13:00:00Z"}, "no series nothing1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "sentence"), SENTENCES, ids=str)
def test_a_wrong_request_is_explained_in_a_sentence_and_changes_nothing(
    google: Google, name: str, body: dict[str, Any], sentence: str
) -> None:
    google.insert(weekly(attendees=people("ada")))
    before = google.sandbox.dump()
    with pytest.raises(ValueError, match=sentence):
        google.control(name, **body)
    assert google.sandbox.dump() == before


def test_a_wish_is_an_object(google: Google) -> None:
    with pytest.raises(ValueError, match="Send a JSON object"):
        google.sandbox.controls["settings"]([1])


def test_a_person_deletes_and_edits_as_the_owner(google: Google) -> None:
    google.insert(single())
    google.settings(delegation=False, access_role="reader", quota=0)
    google.control("edit_event", event="single1", send_updates="all",
                   changes={"summary": "By hand", "attendees": people(ada="accepted")})  # fmt: skip
    seen = google.get("single1")
    assert (seen["summary"], answers(seen)) == ("By hand", {"ada": "accepted"})
    assert google.mails() == [(ADA, "invitation", "single1")]
    google.control("delete_event", event="single1")
    assert google.get("single1")["status"] == "cancelled"
    assert len(google.mails()) == 1


def test_a_person_deletes_one_occurrence(google: Google) -> None:
    google.insert(weekly())
    google.control("delete_event", event=SECOND)
    assert len(google.instances("series1")) == 3


def test_settings_stay_until_they_are_changed(google: Google) -> None:
    google.settings(mails="concerned", time_zone="Asia/Tokyo")
    assert google.control("settings")["mails"] == "concerned"
    google.sandbox.reset()
    assert google.control("settings")["mails"] == "everybody"


def test_what_is_dumped_can_be_loaded_into_another_world(google: Google) -> None:
    google.insert(weekly(attendees=people("ada")), sendUpdates="all")
    google.patch(SECOND, {"summary": "Special"})
    google.insert(single())
    google.delete("single1")
    google.settings(time_zone="Asia/Tokyo")
    since = google.page()["nextSyncToken"]
    listed, kept = google.page(showDeleted=True), google.sandbox.dump()
    google.sandbox.reset()
    assert google.ids(showDeleted=True) == []
    google.sandbox.load(kept)
    assert google.sandbox.dump() == kept
    assert google.page(showDeleted=True) == listed
    assert google.page(syncToken=since)["items"] == []
    with refused(409, "duplicate"):
        google.insert(single())


def test_a_dump_is_no_door_into_the_world(google: Google) -> None:
    google.insert(single())
    google.sandbox.dump()["events"].clear()
    assert google.ids() == ["single1"]


def test_the_page_shows_events_guests_answers_and_mails(google: Google) -> None:
    google.settings(time_zone="Europe/Berlin")
    google.insert(weekly(attendees=people("ada")), sendUpdates="all")
    google.patch(SECOND, berlin("2026-10-15T09:00:00"))
    google.control("respond", event=SECOND, attendee=ADA, answer="declined")
    google.delete(f"series1_{STAMPS[2]}")
    google.clock.advance(days=37)
    seen = view(google.sandbox.state)
    (calendar,) = seen["calendars"]
    (series,) = calendar["events"]
    assert (calendar["id"], series["title"]) == (CALENDAR, "Group")
    assert series["guests"] == [{"email": ADA, "name": "", "answer": "needsAction"}]
    assert [(one["id"], one["cancelled"], one["exception"]) for one in series["instances"]] == [
        (SECOND, False, True),
        (f"series1_{STAMPS[2]}", True, True),
        (f"series1_{STAMPS[3]}", False, False),
    ]
    assert series["instances"][0]["start"]["dateTime"] == "2026-10-15T09:00:00+02:00"
    assert series["instances"][0]["guests"][0]["answer"] == "declined"
    assert [(mail["to"], mail["title"]) for mail in seen["mails"]] == [(ADA, "Group")]


def test_faults_come_in_googles_form(google: Google) -> None:
    fault = google.sandbox.fault_response(403, code="quotaExceeded", retry_after=2)
    assert fault.headers["Retry-After"] == "2"
    assert '"reason": "quotaExceeded"' in (fault.text or "")
    assert '"reason": "backendError"' in (google.sandbox.fault_response(503).text or "")


def test_it_owns_its_own_paths_alone(google: Google) -> None:
    owned = ["/calendar/v3/calendars/x/events", "/batch/calendar/v3", "/calendar/v3/nothing"]
    others = ["/", "/api/v10/guilds/1", "/_sandbox/state", "/calendar/v2/x"]
    assert [google.sandbox.owns(path) for path in owned + others] == [True] * 3 + [False] * 4
