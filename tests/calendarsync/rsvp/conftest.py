"""Groups whose invitations Lens has seen unanswered."""

from __future__ import annotations

import pytest

from tests.calendarsync.rsvp.answers import listen
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy


@pytest.fixture
def heard(realized: Academy, calendar: SeenCalendar) -> Academy:
    """Groups A, B and C, whose invitations we have seen unanswered."""
    listen(calendar)
    return realized
