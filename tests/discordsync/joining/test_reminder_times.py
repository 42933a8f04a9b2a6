"""When people who have not joined are reminded, for any meetings, zones and settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discordsync.joining.reminder_times import Invitation, plan_reminders

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
APART = 48 * HOUR
FIRST = datetime(2027, 1, 12, 17, 0, tzinfo=UTC)  # a Tuesday, 18:00 in Berlin
DEFAULT = (7, 3, 1)

zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Asia/Tokyo"]
).map(ZoneInfo)
# Around both changes of the clocks, in both hemispheres.
moments = st.integers(0, 270 * 24 * 60).map(
    lambda minutes: datetime(2027, 2, 20, tzinfo=UTC) + timedelta(minutes=minutes)
)
invitations = st.builds(
    Invitation,
    invited_at=moments,
    first_meeting_at=moments,
    days=st.lists(st.integers(1, 60), max_size=5).map(tuple),
)


def due(*given: Invitation, zone: ZoneInfo = BERLIN, reminded_at=()) -> list[str]:
    planned = plan_reminders(given, zone, reminded_at)
    return [f"{one.due_at.astimezone(zone):%d %b %H:%M}" for one in planned]


@pytest.mark.parametrize(
    ("invited", "expected"),
    [
        (FIRST - 20 * DAY, ["05 Jan 09:00", "09 Jan 09:00"]),
        (FIRST - 9 * DAY, ["09 Jan 09:00"]),  # 7 days before is within 48 hours of the e-mail
        (FIRST - 4 * DAY, []),  # both are; the reminder of the meeting has the steps
        (FIRST - 3 * DAY, []),
        (FIRST - 3 * DAY + HOUR, ["12 Jan 09:00"]),  # late: the next 09:00 after 48 hours
        (FIRST - DAY, ["14 Jan 09:00"]),
        (FIRST + 9 * DAY, ["24 Jan 09:00"]),
    ],
)
def test_the_defaults_for_a_first_meeting_on_12_january(invited, expected):
    assert due(Invitation(invited, FIRST, DEFAULT)) == expected


def test_an_empty_setting_reminds_nobody_and_one_day_is_left_to_the_meetings_reminder():
    assert due(Invitation(FIRST - 20 * DAY, FIRST, ())) == []
    assert due(Invitation(FIRST - DAY, FIRST, ())) == []
    assert due(Invitation(FIRST - 20 * DAY, FIRST, (1,))) == []


def test_a_reminder_that_staff_sent_or_that_went_before_a_move_keeps_the_distance():
    invitation = Invitation(FIRST - 20 * DAY, FIRST, DEFAULT)
    seven = datetime(2027, 1, 5, 8, tzinfo=UTC)
    assert due(invitation, reminded_at=[seven]) == ["05 Jan 09:00", "09 Jan 09:00"]
    assert due(invitation, reminded_at=[seven - 10 * HOUR]) == ["09 Jan 09:00"]


def test_two_cohorts_share_the_distance():
    one = Invitation(FIRST - 20 * DAY, FIRST, DEFAULT)
    other = Invitation(FIRST - 20 * DAY, FIRST + DAY, DEFAULT)
    assert due(one, other) == ["05 Jan 09:00", "09 Jan 09:00"]


@given(st.lists(invitations, max_size=3), zones, st.lists(moments, max_size=3))
def test_never_two_within_48_hours_nor_after_the_first_meeting_and_always_at_nine(
    given, zone, reminded_at
):
    planned = plan_reminders(given, zone, reminded_at)
    times = [one.due_at for one in planned]
    assert times == sorted(set(times))
    others = [*reminded_at, *(invitation.invited_at for invitation in given)]
    for place, one in enumerate(planned):
        local = one.due_at.astimezone(zone)
        assert (local.hour, local.minute) == (9, 0)
        earlier = [*others, *times[:place]]
        assert not [at for at in earlier if timedelta(0) < one.due_at - at < APART]
        assert one.due_at >= one.invitation.invited_at + APART
        assert one.due_at < one.cutoff_at <= one.due_at + DAY
        if not one.invitation.is_late:
            assert one.cutoff_at <= one.invitation.first_meeting_at
    late = [one.invitation for one in planned if one.invitation.is_late]
    assert len(late) == len(set(late))


@given(st.lists(invitations, max_size=3), zones, moments)
def test_planning_again_after_one_was_sent_plans_the_rest_unchanged(given, zone, now):
    planned = plan_reminders(given, zone)
    sent = [one.due_at for one in planned if one.due_at <= now]
    assert plan_reminders(given, zone, sent) == planned
