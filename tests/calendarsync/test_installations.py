"""Whose events these are: a restored database and a copy touch nothing that is another's."""

from __future__ import annotations

import pytest

from calendarsync.models import CalendarCopy, CalendarEvent, CalendarSeries
from cohorts.models import Installation
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.ownership import accept_as_original, find_question
from cohorts.reconcile.provider import provider_admins
from cohorts.services.installation import break_seal
from meetings.models import Meeting
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


def restore_older_database(calendar: SeenCalendar) -> None:
    """As if the database were one from before anything was realized."""
    for model in (CalendarSeries, CalendarEvent, CalendarCopy):
        model.objects.all().delete()
    ProviderState.objects.update(cursor="")
    GroupSync.objects.update(ready_at=None, realize_requested_at=calendar.now)
    break_seal()


def test_a_restored_database_only_observes_until_someone_says_what_it_is(
    realized: Academy, calendar: SeenCalendar
) -> None:
    restore_older_database(calendar)
    before = calendar.sandbox.last
    calendar.look()
    calendar.look()  # also by an incremental listing
    assert calendar.writes_since(before) == []
    assert find_question().doubt == "restored"
    assert find_question().orphaned.keys() == {"calendar"}


@pytest.mark.matrix
def test_orphans_that_are_ours_are_adopted_by_their_mark(
    realized: Academy, calendar: SeenCalendar
) -> None:
    ids = {one["id"] for one in calendar.all_series}
    group = realized.groups["A"]
    last = realized.meeting("A", 4)
    Meeting.objects.create(group=group, number=5, starts_at=last.ends_at, duration_minutes=60)
    calendar.work()
    (single,) = calendar.singles(group)
    restore_older_database(calendar)
    calendar.look()
    accept_as_original()
    calendar.forget_mails()
    calendar.work()
    assert {row.event_id for row in CalendarSeries.objects.all()} == ids
    assert CalendarEvent.objects.get().event_id == single["id"]
    assert {one["id"] for one in calendar.all_series} == ids
    assert calendar.mails == []
    assert calendar.troubles() == {}
    assert not ProviderState.objects.get(provider="calendar").adopt_orphans  # used once
    realized.add_member("Anne", "A")
    calendar.work()
    assert "anne" in calendar.invited(calendar.series(group))


def test_another_installations_events_are_nobodys_business(
    realized: Academy, calendar: SeenCalendar
) -> None:
    theirs = {one["id"]: one for one in calendar.all_series}
    restore_older_database(calendar)
    Installation.objects.seal(calendar.now)
    Installation.objects.update(installation_id="copy")
    calendar.look()
    events = {one["id"]: one for one in calendar.all_series}
    assert len(events) == 6
    assert {pk: events[pk] for pk in theirs} == theirs
    assert calendar.troubles() == {}


@pytest.mark.matrix
def test_a_copy_forgets_what_the_original_made(realized: Academy, calendar: SeenCalendar) -> None:
    theirs = {one["id"]: one for one in calendar.all_series}
    Installation.objects.update(installation_id="copy")
    provider_admins["calendar"].forget_all()
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert {one["id"]: one for one in calendar.all_series} == theirs


def test_yesterdays_database_finds_what_was_made_since(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Its sync token is older, so the listing returns everything that has happened since."""
    calendar.look()
    kept = [list(model._default_manager.values()) for model in (CalendarSeries, CalendarCopy)]
    cursor = ProviderState.objects.get().cursor
    realized.add_member("Anne", "A")
    calendar.work()

    for model, rows in zip((CalendarSeries, CalendarCopy), kept, strict=True):
        model._default_manager.all().delete()
        model._default_manager.bulk_create(model(**row) for row in rows)
    ProviderState.objects.update(cursor=cursor)
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.reads_since(before) == 1


def test_b12_another_calendar_is_asked_about_and_then_read_in_full(
    realized: Academy, calendar: SeenCalendar, settings
) -> None:
    """`primary` names the same calendar here: what carries our mark is found again."""
    calendar.look()
    settings.GOOGLE_CALENDAR_ID = "primary"
    before = calendar.sandbox.last
    services.resync("calendar")
    realized.add_member("Anne", "A")
    calendar.work()
    calls = calendar.sandbox.calls(before)
    assert "syncToken" not in calls[0]["query"]
    assert calendar.writes_since(before) == []
    assert calendar.troubles()[realized.groups["A"].name] == "moved"

    accept_as_original()
    calendar.work()
    assert calendar.troubles() == {}
    assert len(calendar.all_series) == CalendarSeries.objects.count()
    assert "anne" in calendar.invited(calendar.series(realized.groups["A"]))


@pytest.mark.matrix
def test_b5_events_that_cannot_be_taken_over_are_listed_and_asked_about_once(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    first = CalendarSeries.objects.get(group=group)
    CalendarSeries.objects.filter(group=group).delete()
    CalendarSeries.objects.create(
        group=group, generation=first.generation, event_id="pointed0at", made_at=calendar.now
    )
    calendar.look()
    assert calendar.troubles()[group.name] == "orphaned"

    accept_as_original()
    calendar.look()
    ((pk, why),) = ProviderState.objects.get(provider="calendar").not_adopted
    assert pk == first.event_id
    assert why.endswith("already has a recorded series of the same generation.")
    assert not find_question()
    assert CalendarSeries.objects.get(group=group).event_id == "pointed0at"
