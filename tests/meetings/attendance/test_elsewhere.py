"""The rosters and figures count as attended elsewhere what the ledger does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Membership
from guestvisits.pages.group_page import read_meeting_row
from guestvisits.services.booking import book_visit
from meetings.attendance.ledger import read_records
from meetings.attendance.statistics import read_attendance_stats
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("said", "of_host", "counts"),
    [
        ({"checked_in_at": NOW + 4 * DAY}, {}, True),
        ({"not_seen": True}, {}, False),
        ({}, {}, False),  # a booking alone
        ({"correction": "present", "corrected_at": NOW + 5 * DAY}, {}, True),
        # about an earlier date of the meeting
        ({"correction": "present", "corrected_at": NOW}, {}, False),
        ({"checked_in_at": NOW + 4 * DAY}, {"status": "cancelled"}, False),
    ],
)
def test_three_places_agree_about_who_was_elsewhere(said, of_host, counts):
    academy = Academy(NOW, groups="AB")
    alice = academy.add_member("Alice", "A")
    academy.add_member("Bea", "B")
    Membership.objects.update(joined_at=NOW - DAY)
    own, host = academy.meeting("A"), academy.meeting("B")
    book_visit(alice.pk, home_meeting_id=own.pk, host_meeting_id=host.pk, now=NOW)
    Attendance.objects.filter(meeting=host, user=alice).update(**said)
    Meeting.objects.filter(pk=host.pk).update(**of_host)
    now = host.ends_at + 2 * DAY
    record = read_records([own.group_id], now)[own.group_id, alice.pk]
    figures = {
        "ledger": record.count.elsewhere,
        "roster": read_meeting_row(own, now).elsewhere,
        "statistics": read_attendance_stats([own.pk])[own.pk].elsewhere,
    }
    assert figures == dict.fromkeys(figures, int(counts))
