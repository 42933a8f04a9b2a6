"""Every field but the id may be missing from what Google answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendarsync.state.observed import read_event
from cohorts.models import User
from meetings.models import Attendance
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_guests import book
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

OPTIONAL = [
    "kind", "updated", "created", "creator", "organizer", "sequence", "iCalUID", "htmlLink",
    "eventType", "originalStartTime",
]  # fmt: skip


@pytest.mark.parametrize("cancelled", ["detailed", "named", "bare"])
def test_b11_optional_fields_may_be_missing_from_every_answer(
    academy: Academy, calendar: SeenCalendar, cancelled: str
) -> None:
    calendar.behave(left_out=OPTIONAL, cancelled=cancelled)
    calendar.realize(academy)
    group, ada = academy.groups["A"], User.objects.get(name="Ada")
    calendar.respond(ada, "accepted", group)
    calendar.respond(ada, "declined", group, academy.meeting("A", 2))
    calendar.look()
    book(academy, calendar, "Bea", "A", 3)
    cancel_meeting(academy.meeting("A", 4).pk, now=calendar.now)
    by_hand = calendar.occurrence(academy.meeting("A", 1))["id"]
    calendar.do("delete_event", event=by_hand)
    calendar.look()

    rsvps = Attendance.objects.filter(user=ada, meeting__group=group).order_by("meeting__number")
    assert list(rsvps.values_list("rsvp", flat=True)) == [
        "attending", "not_attending", "attending", "attending",
    ]  # fmt: skip
    assert calendar.occurrence(academy.meeting("A", 1))["status"] == "confirmed"
    assert calendar.occurrence(academy.meeting("A", 4))["status"] == "cancelled"
    assert calendar.invited(calendar.occurrence(academy.meeting("A", 3))) == {"ada", "alan", "bea"}
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {}


WHOLE = {
    "kind": "calendar#event",
    "etag": '"1"',
    "id": "abcde_20261118T140000Z",
    "status": "confirmed",
    "created": "2026-11-01T12:00:00Z",
    "updated": "2026-11-02T12:00:00.000Z",
    "summary": "Group",
    "creator": {"email": "ada@example.org"},
    "organizer": {"email": "lens@sandbox.example", "self": True},
    "start": {"dateTime": "2026-11-18T15:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-11-18T16:00:00+01:00", "timeZone": "Europe/Berlin"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "recurringEventId": "abcde",
    "originalStartTime": {"dateTime": "2026-11-18T14:00:00Z", "timeZone": "UTC"},
    "attendees": [{"email": "ada@example.org", "responseStatus": "accepted"}],
    "reminders": {"useDefault": True},
    "extendedProperties": {"private": {"lens_group_id": "1"}},
}


def without(whole: Any, lacking: set[str]) -> Any:
    """The value without the named fields, in whatever depth."""
    if isinstance(whole, list):
        return [without(one, lacking) for one in whole]
    if not isinstance(whole, dict):
        return whole
    return {key: without(value, lacking) for key, value in whole.items() if key not in lacking}


FIELDS = sorted({*WHOLE, "email", "responseStatus", "dateTime", "timeZone", "private", "self"})


@given(st.sets(st.sampled_from([name for name in FIELDS if name != "id"])), st.booleans())
def test_b11_an_occurrence_is_read_without_any_of_its_fields(lacking: set[str], null: bool) -> None:
    body = without(WHOLE, lacking)
    if null:
        body |= dict.fromkeys(lacking & set(WHOLE))
    event = read_event(body)
    assert (event.id, event.series_id) == ("abcde_20261118T140000Z", "abcde")
    assert event.original is not None
    if not {"email", "attendees"} & lacking:
        assert event.people == {"ada@example.org"}
