"""Batches, as Google's client sends them and as no one should."""

from http.client import HTTPConnection
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from tests.calendarsync.sandbox.google import CALENDAR, Google, people, single, weekly


class Collected:
    """What came back for each part, by its name."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    def __call__(self, name: str, answer: Any, error: HttpError | None) -> None:
        self.answers[name] = error.status_code if error else answer


def batch_of(google: Google) -> tuple[BatchHttpRequest, Collected]:
    collected = Collected()
    return google.service.new_batch_http_request(callback=collected), collected


def test_each_part_is_answered_for_itself(google: Google) -> None:
    google.insert(single())
    batch, collected = batch_of(google)
    body = weekly(attendees=people("ada"), summary="Groupe d'été")
    batch.add(
        google.events.insert(calendarId=CALENDAR, body=body, sendUpdates="all"), request_id="made"
    )
    batch.add(google.events.get(calendarId=CALENDAR, eventId="nothing1"), request_id="missing")
    batch.add(google.events.insert(calendarId=CALENDAR, body=single()), request_id="twice")
    batch.add(google.events.delete(calendarId=CALENDAR, eventId="single1"), request_id="gone")
    batch.add(google.events.list(calendarId=CALENDAR, singleEvents=True), request_id="list")
    batch.execute()
    made, rest = collected.answers.pop("made"), collected.answers
    assert made == google.get("series1")
    assert len(rest.pop("list")["items"]) == 4
    assert rest == {"missing": 404, "twice": 409, "gone": ""}
    assert google.mails() == [("ada@learners.example", "invitation", "series1")]


def test_a_part_may_be_conditional(google: Google) -> None:
    old = google.insert(single())["etag"]
    google.patch("single1", {"summary": "Two"})
    batch, collected = batch_of(google)
    request = google.events.patch(calendarId=CALENDAR, eventId="single1", body={"summary": "x"})
    request.headers["If-Match"] = old
    batch.add(request, request_id="late")
    batch.execute()
    assert collected.answers == {"late": 412}


def insert_many(google: Google, numbers: range) -> BatchHttpRequest:
    batch, _ = batch_of(google)
    for number in numbers:
        batch.add(google.events.insert(calendarId=CALENDAR, body=single(f"single{number}")))
    return batch


def test_a_batch_has_at_most_50_parts_and_none_of_more_is_done(google: Google) -> None:
    insert_many(google, range(50)).execute()
    assert len(google.sandbox.state.events) == 50
    with pytest.raises(HttpError) as refusal:
        insert_many(google, range(50, 101)).execute()
    assert refusal.value.status_code == 400
    assert len(google.sandbox.state.events) == 50


def send(google: Google, body: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", google.port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/batch/calendar/v3", body.encode(), named)
    try:
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


PART = "--x\r\nContent-Type: application/http\r\n\r\n{}\r\n--x--\r\n"


MIXED = {"Content_Type": "multipart/mixed; boundary=x", "Authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{}", "application/json"),
        (PART.format(""), MIXED["Content_Type"]),
        (PART.replace("application/http", "text/plain").format("GET / HTTP/1.1"),
         MIXED["Content_Type"]),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused(google: Google, body: str, content_type: str) -> None:
    status, _ = send(google, body, Content_Type=content_type, Authorization="Bearer x")
    assert status == 400


def test_an_answer_names_the_part_that_it_answers(google: Google) -> None:
    call = f"GET /calendar/v3/calendars/{CALENDAR}/events HTTP/1.1\r\n\r\n"
    named = PART.replace("http\r\n", "http\r\nContent-ID: <mine + 1>\r\n", 1).format(call)
    assert "\r\nContent-ID: <response-mine + 1>\r\n" in send(google, named, **MIXED)[1]
    assert "Content-ID" not in send(google, PART.format(call), **MIXED)[1]


def test_the_credentials_of_a_part_or_of_the_whole_are_needed(google: Google) -> None:
    body = PART.format(f"DELETE /calendar/v3/calendars/{CALENDAR}/events/single1 HTTP/1.1\r\n\r\n")
    google.insert(single())
    status, text = send(google, body, Content_Type=MIXED["Content_Type"])
    assert status == 200
    assert "HTTP/1.1 401 Unauthorized" in text
    assert google.get("single1")["status"] == "confirmed"
    send(google, body, **MIXED)
    assert google.get("single1")["status"] == "cancelled"
