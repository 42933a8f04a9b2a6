"""Series that someone else made, and staff enter."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.http import HttpResponse
from django.test import Client

from calendarsync.decisions import import_series
from calendarsync.models import CalendarSeries
from cohorts.models import User
from cohorts.reconcile.models import GroupSync
from lens.personal_data.erasure import approve_erasure
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_by_hand import leave, stamp
from tests.support.academy import Academy
from tests.support.race import race

pytestmark = pytest.mark.django_db


def test_staff_point_at_a_series_that_is_there_already(
    academy: Academy, calendar: SeenCalendar, client
) -> None:
    """One made by hand, or by the system before: it is taken over, and no one is invited twice."""
    answer = enter_series(academy, calendar, client)
    assert answer.status_code == 302
    calendar.work()
    group = academy.groups["A"]
    series = calendar.series(group)
    assert series["summary"] == "Course - Group A"
    assert series["extendedProperties"]["private"]["lens_group_id"] == str(group.pk)
    assert calendar.mails == []
    assert realized_groups(calendar) == ["Group A"]
    academy.add_member("Anne", "A")
    calendar.work()
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}


def test_an_erased_person_is_taken_off_a_series_that_staff_entered_also_once_it_is_over(
    academy: Academy, calendar: SeenCalendar, client
) -> None:
    enter_series(academy, calendar, client)
    calendar.work()
    calendar.move_clock(academy.meeting("A", 4).starts_at + timedelta(days=1))
    calendar.look()
    alan = User.objects.get(name="Alan")
    leave(alan, calendar)
    approve_erasure(alan.pk, by=User.objects.get(name="Sue").pk, now=calendar.now)
    calendar.work()
    assert calendar.invited(calendar.series(academy.groups["A"])) == {"ada"}


def enter_series(academy: Academy, calendar: SeenCalendar, client: Client) -> HttpResponse:
    """Someone else makes a series for group A, and staff enter it."""
    first = academy.meeting("A", 1)
    body = {
        "summary": "Old name",
        "start": {"dateTime": stamp(first.starts_at), "timeZone": "UTC"},
        "end": {"dateTime": stamp(first.ends_at), "timeZone": "UTC"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
        "attendees": [{"email": "ada@example.org"}, {"email": "alan@example.org"}],
    }
    made = calendar.insert(body)
    calendar.look()  # the sync token is newer than the event

    sue = academy.add_person("Sue", is_staff=True, is_superuser=True)
    client.force_login(sue)
    form = {"group": academy.groups["A"].pk, "event_id": made["id"]}
    return client.post("/admin/calendarsync/calendarseries/add/", form)


@pytest.mark.django_db(transaction=True)
def test_of_two_series_that_are_entered_for_a_group_at_once_the_second_is_refused(
    academy: Academy,
) -> None:
    group = academy.groups["A"].pk
    found = race(*(partial(import_series, group, f"series{number}") for number in range(4)))
    assert sorted(found) == ["done"] + ["series_exists"] * 3
    assert CalendarSeries.objects.filter(group=group).count() == 1


def realized_groups(calendar: SeenCalendar) -> list[str]:
    rows = GroupSync.objects.filter(provider="calendar", ready_at__isnull=False)
    return [row.group.name for row in rows]
