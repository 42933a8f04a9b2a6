"""When Lens reads the changes in Google Calendar and when everything, and what that costs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from calendarsync.models import CalendarCopy, ObservedRsvp
from calendarsync.rsvp.dating import CalendarChanges
from calendarsync.rsvp.recording import record_rsvps
from calendarsync.state.observed import ObservedCalendar, read_event
from cohorts.models import User
from cohorts.reconcile.models import ProviderState
from meetings.models import Attendance, Meeting
from tests.calendarsync.behaviour import in_pairs
from tests.calendarsync.rsvp.answers import MINUTE, answers, everybody_answers, listen, person
from tests.calendarsync.rsvp.test_recording import decide
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_guests import book
from tests.support.academy import Academy
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db


def read_in(calendar: SeenCalendar, since: int) -> list[str]:
    """What was asked for: "changes" since a token, or the "whole"."""
    return [
        "changes" if "syncToken" in c["query"] else "whole" for c in calendar.calls_since(since)
    ]


@pytest.mark.matrix
def test_a_token_that_google_has_forgotten_loses_no_answer(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    calendar.do("expire_tokens")
    before = calendar.sandbox.last
    listen(calendar)
    assert read_in(calendar, before) == ["changes", "whole"]
    assert answers("Ada") == {2: "attending"}


def test_every_six_hours_everything_is_read(heard: Academy, calendar: SeenCalendar) -> None:
    read = []
    for _ in range(13):
        before = calendar.sandbox.last
        listen(calendar, minutes=30)
        read += read_in(calendar, before)
    assert read == ["changes"] * 11 + ["whole", "changes"]


@pytest.mark.matrix
def test_a_full_reading_finds_answers_that_the_changes_left_out(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    # As if a listing of changes had left it out.
    calendar.sandbox.set_faults({"kind": "truncate", "path": "/events$", "keep": 0, "nth": 1})
    listen(calendar)
    listen(calendar)
    assert answers("Ada") == {}
    calendar.move_clock(calendar.now + timedelta(hours=6))
    calendar.work()
    assert answers("Ada") == {2: "attending"}


def test_an_outage_delays_answers_and_loses_none(heard: Academy, calendar: SeenCalendar) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    calendar.sandbox.set_faults({"kind": "error", "status": 503, "method": "GET", "nth": 1})
    calendar.move_clock(calendar.now + 4 * MINUTE)
    from cohorts.reconcile.controller import run_once

    run_once("calendar")
    assert answers("Ada") == {}
    ProviderState.objects.update(retry_at=None)
    calendar.work()
    assert answers("Ada") == {2: "attending"}


@pytest.mark.matrix
def test_reading_the_same_answers_again_writes_nothing(
    heard: Academy, calendar: SeenCalendar
) -> None:
    everybody_answers(calendar, heard)
    before = list(Attendance.objects.order_by("pk").values())
    words = list(ObservedRsvp.objects.order_by("pk").values())
    calendar.do("expire_tokens")
    calendar.look()
    listen(calendar)
    assert list(Attendance.objects.order_by("pk").values()) == before
    assert list(ObservedRsvp.objects.order_by("pk").values()) == words


@pytest.mark.matrix
def test_staff_read_what_google_said_last(heard: Academy, calendar: SeenCalendar) -> None:
    everybody_answers(calendar, heard)
    decide(calendar, heard, 2, "attending")
    client = Client()
    client.force_login(heard.add_person("Sam", is_staff=True, is_superuser=True))
    page = client.get("/admin/calendarsync/observedrsvp/?q=ada").content.decode()
    assert re.findall(r'field-own">(\w*)', page).count("not_attending") == 1
    assert answers("Ada")[2] == "attending", "what was decided since is kept apart"


def test_the_cost_of_reading_answers_does_not_grow_with_the_groups(
    heard: Academy, calendar: SeenCalendar
) -> None:
    def queries_for(*names: str) -> list[str]:
        ObservedRsvp.objects.all().delete()
        groups = [heard.groups[name] for name in names]
        changes = CalendarChanges({calendar.series_id(group): () for group in groups})
        now = calendar.now  # may read the clock's offset from the database
        with CaptureQueriesContext(connection) as captured:
            record_rsvps(observed, changes, now)
        assert ObservedRsvp.objects.count() == 8 * len(names)
        return [query["sql"][:120] for query in captured]

    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    listen(calendar)
    copies = (read_event(body) for body in CalendarCopy.objects.values_list("body", flat=True))
    observed = ObservedCalendar({event.id: event for event in copies})
    one, three = queries_for("A"), queries_for("A", "B", "C")
    assert len(one) == len(three), "\n".join([*one, "", *three])
    assert not any("calendarcopy" in query for query in one), "the observation has them all"
    assert Meeting.objects.count() == 12


@pytest.mark.parametrize("last", ["accepted", in_matrix("tentative")])
@in_pairs
def test_c5_the_last_answer_to_the_series_counts_for_a_week_that_a_guest_joined(
    realized: Academy, calendar: SeenCalendar, last: str
) -> None:
    group, ada = realized.groups["A"], User.objects.get(name="Ada")
    calendar.respond(ada, "accepted", group)
    calendar.look()
    book(realized, calendar, "Bea", "A", 2)
    calendar.look()
    for answer in ("declined", last):
        calendar.move_clock(calendar.now + timedelta(minutes=5))
        calendar.respond(ada, answer, group)
        calendar.look()
    rsvps = Attendance.objects.filter(user=ada, meeting__group=group).values_list("rsvp", flat=True)
    assert set(rsvps) == {"attending" if last == "accepted" else "tentative"}
