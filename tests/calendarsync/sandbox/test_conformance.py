"""The answers against the document that Google's client ships."""

import pytest

from tests.calendarsync.sandbox.google import (
    CALENDAR,
    STAMPS,
    Google,
    berlin,
    people,
    refused,
    single,
    weekly,
)
from tests.support.conformance import Conformance

SECOND, THIRD = (f"series1_{stamp}" for stamp in STAMPS[1:3])


def use_everything(google: Google) -> None:
    """One of each answer, good and bad."""
    google.insert(weekly(attendees=people("ada", "ben"), visibility="private"), sendUpdates="all")
    google.insert(single(extendedProperties={"private": {"mark": "a"}}, source={
        "title": "Lens", "url": "https://lens.example"}))  # fmt: skip
    google.insert(single("single2", start={"date": "2026-09-02"}, end={"date": "2026-09-03"}))
    made = {"conferenceData": {"createRequest": {"requestId": "r1"}}}
    google.patch("single1", made, conferenceDataVersion=1)
    since = google.page()["nextSyncToken"]
    google.patch(SECOND, berlin("2026-10-15T09:00:00"), sendUpdates="all")
    google.delete(THIRD)
    google.update("single2", single("single2", reminders={"useDefault": False}))
    google.delete("single1")
    for query in ({}, {"showDeleted": True}, {"singleEvents": True}, {"syncToken": since}):
        google.page(**query)
    google.page(maxResults=1, maxAttendees=1)
    google.instances("series1", showDeleted=True)
    google.get("single1")
    google.service.calendars().get(calendarId=CALENDAR).execute()
    google.service.calendarList().get(calendarId=CALENDAR).execute()
    google.service.calendarList().list().execute()
    for status, reason, call in (
        (404, "notFound", lambda: google.get("nothing1")),
        (410, "deleted", lambda: google.delete("single1")),
        (409, "duplicate", lambda: google.insert(single())),
        (410, "fullSyncRequired", lambda: google.page(syncToken="old")),
    ):
        with refused(status, reason):
            call()


def use_batches(google: Google) -> None:
    batch = google.service.new_batch_http_request()
    batch.add(google.events.get(calendarId=CALENDAR, eventId="series1"))
    batch.add(google.events.get(calendarId=CALENDAR, eventId="nothing1"))
    batch.add(google.events.delete(calendarId=CALENDAR, eventId="series1"))
    batch.execute()


@pytest.mark.conformance
def test_answers_are_what_googles_document_describes(
    google: Google, conformance: Conformance
) -> None:
    use_everything(google)
    use_batches(google)
    answered = {exchange["status"] for exchange in google.exchanges}
    assert answered == {200, 204, 404, 409, 410}
    conformance.check("google", google.exchanges, requests=False)
