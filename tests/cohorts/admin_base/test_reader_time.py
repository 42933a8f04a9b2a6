"""Times on staff pages: one format, the reader's zone, and the group's beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cohorts.admin_base.reader_time import show_both, show_time
from cohorts.zones import zone_names

MOMENT = datetime(2027, 1, 5, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reader", "group", "shown"),
    [
        ("UTC", "UTC", "Tue 5 Jan 2027, 22:30"),
        ("Europe/Berlin", "Europe/Paris", "Tue 5 Jan 2027, 23:30"),
        ("Europe/Berlin", "UTC", "Tue 5 Jan 2027, 23:30 (Tue 22:30 UTC)"),
        ("UTC", "America/New_York", "Tue 5 Jan 2027, 22:30 (Tue 17:30 New York)"),
        ("UTC", "Asia/Tokyo", "Tue 5 Jan 2027, 22:30 (Wed 07:30 Tokyo)"),
        ("UTC", "Mars/Base", "Tue 5 Jan 2027, 22:30"),
    ],
)
def test_the_groups_time_is_beside_the_readers_where_it_differs(reader, group, shown):
    with timezone.override(reader):
        assert show_both(MOMENT, group) == shown


@given(
    seconds=st.integers(946_684_800, 4_000_000_000),  # from the year 2000
    reader=st.sampled_from(sorted(zone_names())),
    group=st.sampled_from(sorted(zone_names())),
)
def test_the_group_is_named_if_and_only_if_its_clock_differs(seconds, reader, group):
    moment = datetime.fromtimestamp(seconds, UTC)
    with timezone.override(reader):
        local = timezone.localtime(moment)
        shown = show_both(moment, group)
        assert shown.startswith(show_time(moment))
    there = moment.astimezone(ZoneInfo(group))
    assert (shown != show_time_in(moment, reader)) == (local.utcoffset() != there.utcoffset())


def show_time_in(moment: datetime, zone: str) -> str:
    with timezone.override(zone):
        return show_time(moment)
