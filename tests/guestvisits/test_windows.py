"""Access is a window of dates: it needs no timer, and no row that someone closes in time."""

from datetime import timedelta

import pytest

from guestvisits.models import GuestVisit
from guestvisits.windows import RECENTLY, guest_windows
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


def book(academy: Academy, name: str = "Alice", **fields) -> GuestVisit:
    return GuestVisit.objects.create(
        user=academy.add_member(name, "A"),
        home_meeting=academy.meeting("A"),
        host_meeting=academy.meeting("B"),
        **fields,
    )


def test_access_holds_from_six_days_before_until_three_days_after(academy, now):
    book(academy)
    [window] = guest_windows(None, now)
    start = academy.meeting("B").starts_at
    assert window.begins_at == start - timedelta(days=6)
    assert window.ends_at == start + timedelta(days=3)
    assert not window.holds(window.begins_at - timedelta(seconds=1))
    assert window.holds(window.begins_at)
    assert window.holds(window.ends_at - timedelta(seconds=1))
    assert not window.holds(window.ends_at)


def test_the_cohort_says_how_many_days(academy, now):
    academy.cohort.guest_days_before, academy.cohort.guest_days_after = 2, 1
    academy.cohort.save()
    book(academy)
    [window] = guest_windows(None, now)
    assert window.ends_at - window.begins_at == timedelta(days=3)


def test_with_no_days_after_access_lasts_until_the_meeting_is_over(academy, now):
    academy.cohort.guest_days_after = 0
    academy.cohort.save()
    book(academy)
    [window] = guest_windows(None, now)
    assert window.ends_at == academy.meeting("B").ends_at


def test_a_row_that_no_one_closed_gives_no_access_past_its_window(academy, now):
    visit = book(academy)
    after = academy.meeting("B").starts_at + timedelta(days=3)
    [window] = guest_windows(None, after)
    assert visit.is_open
    assert not window.holds(after)


def test_a_row_closed_as_over_keeps_its_window(academy, now):
    book(academy)
    [open_window] = guest_windows(None, now)
    GuestVisit.objects.update(end_reason="over", ended_at=open_window.ends_at + timedelta(hours=9))
    [window] = guest_windows(None, now)
    assert (window.begins_at, window.ends_at) == (open_window.begins_at, open_window.ends_at)
    assert not window.is_open


def test_a_cancelled_visit_ends_its_window_at_once(academy, now):
    book(academy, ended_at=now, end_reason="cancelled")
    [window] = guest_windows(None, now)
    assert window.ends_at == now
    assert not window.holds(now)


def test_a_visit_cancelled_before_its_window_gave_no_access_at_any_time(academy, now):
    early = now - timedelta(days=30)
    book(academy, ended_at=early, end_reason="cancelled")
    [window] = guest_windows(None, now)
    assert window.ends_at < window.begins_at
    assert not window.holds(early)


def test_a_window_is_returned_long_after_its_end_and_not_for_ever(academy, now):
    book(academy)
    end = academy.meeting("B").starts_at + timedelta(days=3)
    assert len(guest_windows(None, end + RECENTLY - timedelta(seconds=1))) == 1
    assert guest_windows(None, end + RECENTLY) == []


def test_only_visits_to_the_groups_asked_for_are_returned(academy, now):
    book(academy)
    a, b = academy.groups["A"].pk, academy.groups["B"].pk
    assert guest_windows([a], now) == []
    assert [window.group_id for window in guest_windows([a, b], now)] == [b]
    assert guest_windows([], now) == []


@pytest.mark.parametrize("visits", [1, 20])
def test_any_number_of_windows_is_one_query(academy, now, visits, django_assert_num_queries):
    for number in range(visits):
        book(academy, f"Alice {number}")
    with django_assert_num_queries(1):
        assert len(guest_windows(None, now)) == visits
