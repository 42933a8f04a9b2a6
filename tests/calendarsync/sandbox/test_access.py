"""Who may call, and what is there to be called."""

import pytest

from tests.calendarsync.sandbox.google import CALENDAR, Google, people, refused, single

EVENTS = f"/calendars/{CALENDAR}/events"


@pytest.mark.parametrize(
    ("given", "reason"),
    [("", "required"), ("Basic eDp5", "authError"), ("Bearer", "authError"),
     ("Bearer  ", "authError")],
)  # fmt: skip
def test_a_call_without_a_bearer_token_is_refused(google: Google, given: str, reason: str) -> None:
    answer = google.raw("POST", EVENTS, single(), {"Authorization": given})
    assert (answer.status, answer.reason) == (401, reason)
    assert google.sandbox.state.events == {}


@pytest.mark.parametrize("role", ["reader", "freeBusyReader"])
def test_a_reader_may_not_write(google: Google, role: str) -> None:
    google.insert(single())
    google.settings(access_role=role)
    with refused(403, "requiredAccessLevel"):
        google.insert(single("single2"))
    with refused(403, "requiredAccessLevel"):
        google.patch("single1", {"summary": "x"})
    with refused(403, "requiredAccessLevel"):
        google.delete("single1")
    assert google.get("single1")["summary"] == "One"


@pytest.mark.parametrize("path", ["/nothing", "/calendars", f"{EVENTS}/single1/more"])
def test_what_is_not_served_is_not_found(google: Google, path: str) -> None:
    answer = google.raw("GET", path)
    assert (answer.status, answer.reason) == (404, "notFound")


def test_a_path_that_is_served_has_its_methods(google: Google) -> None:
    answer = google.raw("DELETE", EVENTS)
    assert answer.status == 405


def test_a_calendar_that_is_encoded_in_the_path_is_the_same(google: Google) -> None:
    path = f"/calendars/{CALENDAR.replace('@', '%40')}/events"
    assert google.raw("GET", path).status == 200


def test_every_refusal_has_googles_form(google: Google) -> None:
    google.settings(delegation=False)
    body = google.raw("POST", EVENTS, single(attendees=people("ada"))).body
    message = (
        "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
    )
    assert body == {
        "error": {
            "code": 403,
            "message": message,
            "errors": [
                {
                    "domain": "calendar",
                    "reason": "forbiddenForServiceAccounts",
                    "message": message,
                }
            ],
        }
    }
