"""One listing shows what changed; what it does not show is asked for by its id."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendarsync.models import CalendarCopy
from calendarsync.rest.client import MAX_PAGES
from cohorts.models import Membership
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ProviderState
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


def reads(calendar: SeenCalendar, since: int) -> list[str]:
    """The ids that were asked for; "list" for a listing of everything, "changes" for one since."""
    found = []
    for call in calendar.calls_since(since):
        assert call["method"] == "GET"
        name = call["path"].rpartition("/")[2]
        listing = "changes" if "syncToken" in call["query"] else "list"
        found.append(listing if name == "events" else name)
    return found


def test_only_what_changed_is_read(realized: Academy, calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    calendar.look()
    assert reads(calendar, before) == ["changes"]


def test_an_old_token_is_answered_by_reading_everything(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.do("expire_tokens")
    before = calendar.sandbox.last
    calendar.look()
    assert reads(calendar, before) == ["changes", "list"]
    before = calendar.sandbox.last
    calendar.look()
    assert reads(calendar, before) == ["changes"]


def test_a_listing_of_many_pages_is_one_look(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.behave(page_size=2)
    calendar.realize(academy)
    ada = Membership.objects.get(user__name="Ada").user
    for number in (1, 2, 3, 4):
        calendar.respond(ada, "accepted", academy.groups["A"], academy.meeting("A", number))
    calendar.do("expire_tokens")
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert CalendarCopy.objects.count() == 7
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.reads_since(before) == 1


@pytest.mark.matrix
def test_copies_that_were_lost_are_read_again(realized: Academy, calendar: SeenCalendar) -> None:
    calendar.look()
    CalendarCopy.objects.all().delete()
    before = calendar.sandbox.last
    calendar.look()
    assert reads(calendar, before) == ["changes", "list"]
    assert CalendarCopy.objects.count() == 3


def test_what_a_listing_leaves_out_is_asked_for_before_it_counts_as_gone(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.do("expire_tokens")
    calendar.sandbox.set_faults({"kind": "truncate", "path": "/events$", "keep": 0})
    before = calendar.sandbox.last
    calendar.look()
    assert len(reads(calendar, before)) == 2 + 3
    assert calendar.troubles() == {}


@pytest.mark.matrix
def test_a_series_that_google_buried_long_ago_counts_as_gone(
    calendar: SeenCalendar,
) -> None:
    academy = Academy(calendar.now, groups="A", meetings=20)
    academy.add_member("Ada", "A")
    calendar.realize(academy)
    calendar.do("delete_event", event=calendar.series_id(academy.groups["A"]))
    calendar.move_clock(calendar.now + timedelta(days=40))
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "series_gone"}
    before = calendar.sandbox.last
    calendar.look()
    assert reads(calendar, before) == ["changes"]


@pytest.mark.matrix
def test_copies_hold_what_people_answered(realized: Academy, calendar: SeenCalendar) -> None:
    ada = Membership.objects.get(user__name="Ada").user
    second = realized.meeting("A", 2)
    calendar.respond(ada, "accepted", realized.groups["A"])
    calendar.respond(ada, "declined", realized.groups["A"], second)
    calendar.look()
    series = CalendarCopy.objects.get(event_id=calendar.series_id(realized.groups["A"]))
    assert calendar.answer(series.body, ada) == "accepted"
    occurrence = CalendarCopy.objects.get(original_start=second.starts_at)
    assert occurrence.event_id.startswith(f"{series.event_id}_")
    assert calendar.answer(occurrence.body, ada) == "declined"


def test_a_look_that_fails_keeps_the_token_of_the_last(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.look()
    cursor = ProviderState.objects.get().cursor
    calendar.behave(page_size=1)
    for name in ("A", "B"):
        calendar.do(
            "edit_event",
            event=calendar.series_id(realized.groups[name]),
            changes={"summary": "by hand"},
        )
    calendar.sandbox.set_faults({"kind": "error", "status": 500, "method": "GET", "nth": 2})
    from cohorts.reconcile import services
    from cohorts.reconcile.controller import run_once

    services.resync("calendar")
    run_once("calendar")
    assert ProviderState.objects.get().cursor == cursor
    ProviderState.objects.update(retry_at=None)
    calendar.work()
    assert calendar.series(realized.groups["B"])["summary"] == "Course - Group B"


def test_o6_a_listing_that_never_ends_is_given_up_and_named(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(endless=True)
    before = calendar.sandbox.last
    services.resync("calendar")
    assert run_once("calendar")
    assert calendar.reads_since(before) <= MAX_PAGES
    assert "Google Calendar" in find_issue(calendar.troubles()[""]).sentence
    calendar.behave(endless=False)
    calendar.recover()
    assert calendar.troubles() == {}
