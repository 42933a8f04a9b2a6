"""Staff pages show times in the reader's zone and name it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

KATHMANDU = "Asia/Kathmandu"  # 5:45 h ahead: no other zone shows the same minutes


def test_the_zone_of_the_reader_applies_and_is_named(staff_with):
    academy = Academy(datetime.now(UTC).replace(minute=0, second=0, microsecond=0), groups="A")
    starts_at = academy.meeting("A").starts_at
    client = staff_with("meetings.view_meeting", zone=KATHMANDU)
    page = client.get("/admin/meetings/meeting/").content.decode()
    assert f"{starts_at.astimezone(ZoneInfo(KATHMANDU)):%Y, %H:%M}" in page
    assert f"{starts_at:%Y, %H:%M}" not in page
    assert KATHMANDU in page


def test_an_unknown_zone_is_shown_as_utc(staff_with):
    page = staff_with("meetings.view_meeting", zone="Mars/Base").get("/admin/meetings/meeting/")
    assert page.status_code == 200
    assert ">UTC</a>" in page.content.decode()
