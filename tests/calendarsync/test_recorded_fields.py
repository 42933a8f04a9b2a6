"""The fields that were recorded from Google Calendar itself: any of them may be missing."""

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
from tests.calendarsync.test_recorded import look_without_writing, stamp
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting
from tests.support.spread import thin

pytestmark = pytest.mark.django_db


CALENDAR = "abc@group.calendar.google.com"
WHOLE = {
    "kind": "calendar#event",
    "etag": '"1"',
    "id": "abcde_20261118T140000Z",
    "status": "confirmed",
    "created": "2026-11-01T12:00:00Z",
    "updated": "2026-11-02T12:00:00.000Z",
    "summary": "Group",
    "creator": {"email": "ada@example.org"},
    "organizer": {"email": CALENDAR, "displayName": "Academy", "self": True},
    "start": {"dateTime": "2026-11-18T15:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-11-18T16:00:00+01:00", "timeZone": "Europe/Berlin"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "recurringEventId": "abcde",
    "originalStartTime": {"dateTime": "2026-11-18T14:00:00Z", "timeZone": "UTC"},
    "attendees": [{"email": "ada@example.org", "responseStatus": "accepted"}],
    "reminders": {"useDefault": True},
    "extendedProperties": {"private": {"lens_group_id": "1"}},
}


def test_r11_on_a_secondary_calendar_its_user_is_a_guest_like_any_other() -> None:
    entry = {"email": CALENDAR, "organizer": True, "self": True, "responseStatus": "accepted"}
    event = read_event({**WHOLE, "attendees": [*WHOLE["attendees"], entry]})
    assert event.people == {"ada@example.org", CALENDAR}
    assert event.belonging == {CALENDAR}


OPTIONAL = [
    "kind", "updated", "created", "creator", "organizer", "sequence", "iCalUID", "htmlLink",
    "eventType", "originalStartTime",
]  # fmt: skip


@pytest.mark.parametrize(
    "cancelled", thin(["whole", "detailed", "named", "bare"], every=1, always=["bare"])
)
def test_r12_optional_fields_may_be_missing_from_every_answer(
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


def without(whole: Any, lacking: set[str]) -> Any:
    """The value without the named fields, in whatever depth."""
    if isinstance(whole, list):
        return [without(one, lacking) for one in whole]
    if not isinstance(whole, dict):
        return whole
    return {key: without(value, lacking) for key, value in whole.items() if key not in lacking}


FIELDS = sorted({*WHOLE, "email", "responseStatus", "dateTime", "timeZone", "private", "self"})


@given(st.sets(st.sampled_from([name for name in FIELDS if name != "id"])), st.booleans())
def test_r12_an_occurrence_is_read_without_any_of_its_fields(lacking: set[str], null: bool) -> None:
    body = without(WHOLE, lacking)
    if null:
        body |= dict.fromkeys(lacking & set(WHOLE))
    event = read_event(body)
    assert (event.id, event.series_id) == ("abcde_20261118T140000Z", "abcde")
    assert event.original is not None
    if not {"email", "attendees"} & lacking:
        assert event.people == {"ada@example.org"}


def test_r13_original_starts_are_compared_as_moments() -> None:
    chicago = {"dateTime": "2026-11-18T08:00:00-06:00", "timeZone": "America/Chicago"}
    assert read_event({**WHOLE, "originalStartTime": chicago}) == read_event(WHOLE)


@pytest.mark.matrix
def test_r13_a_meeting_that_someone_moved_to_another_zone_is_found_and_moved_back(
    realized: Academy, calendar: SeenCalendar
) -> None:
    second = realized.meeting("A", 2)
    there = {"dateTime": "2026-11-12T09:00:00", "timeZone": "America/Chicago"}
    until = {"dateTime": "2026-11-12T10:00:00", "timeZone": "America/Chicago"}
    pk = calendar.occurrence(second)["id"]
    calendar.do("edit_event", event=pk, changes={"start": there, "end": until})
    original = calendar.occurrence(second)["originalStartTime"]
    assert original["timeZone"] == "America/Chicago"
    calendar.look()
    assert calendar.occurrence(second)["start"]["dateTime"] == stamp(second.starts_at)
    look_without_writing(calendar)
