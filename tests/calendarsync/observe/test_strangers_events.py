"""Events of others in our calendar are not ours to understand, and stop nothing."""

from __future__ import annotations

from typing import Any

import pytest

from calendarsync.copies.recognizing import select_ours
from calendarsync.state.observed import read_event
from cohorts import clock
from cohorts.models import Installation

STRANGE: dict[str, Any] = {
    "id": "stranger",
    "status": "confirmed",
    "etag": '"1"',
    "summary": "Choir",
    "start": {"dateTime": "2027-01-13T19:00:00+11:00", "timeZone": "Australia/Sydney"},
    "end": {"dateTime": "2027-01-13T20:00:00+11:00", "timeZone": "Australia/Sydney"},
    "recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z"],
}


def test_a_series_that_ends_with_the_calendar_can_be_read() -> None:
    assert read_event(STRANGE).id == "stranger"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"start": {"dateTime": "no time at all"}},
        {"start": {"date": "9999-99-99"}},
        {"recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20279999T000000Z"]},
        {"attendees": [{"email": None}]},
    ],
    ids=str,
)
def test_an_event_that_cannot_be_read_is_left_out(change: dict[str, Any]) -> None:
    Installation.objects.ensure(clock.now())
    assert select_ours([STRANGE | change], {}) == {}
