"""What we send, and what the sandbox answers, is what Google's own description says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Membership
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_guests import book, cancel
from tests.support.academy import Academy
from tests.support.conformance import Conformance
from tests.support.moves import cancel_meeting, move_meeting, restore_meeting

pytestmark = [pytest.mark.django_db, pytest.mark.conformance]


@pytest.mark.parametrize("way", ["instance", "own_event"])
def test_a_whole_term_of_calls(
    academy: Academy, calendar: SeenCalendar, conformance: Conformance, settings, way: str
) -> None:
    settings.CALENDAR_GUEST_INVITATION = way
    calendar.realize(academy)
    ada = Membership.objects.get(user__name="Ada").user
    calendar.respond(ada, "accepted", academy.groups["A"])
    book(academy, calendar, "Ada", "B", 2)
    moved = academy.meeting("A", 3)
    move_meeting(moved.pk, starts_at=moved.starts_at + timedelta(hours=3), now=calendar.now)
    cancel_meeting(academy.meeting("A", 4).pk, now=calendar.now)
    calendar.work()
    restore_meeting(academy.meeting("A", 4).pk, now=calendar.now)
    cancel(academy, calendar, "Ada", "B", 2)
    academy.add_member("Anne", "A")
    calendar.work()
    calendar.do("expire_tokens")
    calendar.look()
    calls = calendar.calls_since(0)
    assert {call["method"] for call in calls} == {"GET", "POST", "PATCH", "DELETE"}
    conformance.check("google", calls)
