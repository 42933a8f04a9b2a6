"""What is sent, what an answer is taken for, and what Google may leave out."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from calendarsync.admin import read_event_id
from calendarsync.apply import apply
from calendarsync.plan.calls import Call, CancelEvent, CreateEvent, EditEvent, Times
from calendarsync.state.ids import Mark
from calendarsync.state.observed import EventDetails, ObservedEvent, read_event
from calendarsync.state.slots import SeriesSlot
from cohorts.reconcile.errors import Refused
from cohorts.reconcile.values import Action, Outcome
from meetings.rhythm import Slot
from tests.calendarsync.direct import DirectClient

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FIRST = datetime(2026, 11, 4, 15, tzinfo=UTC)
SLOT = SeriesSlot.through([FIRST], Slot(2, time(15), "UTC", 60))


def carry_out(client: DirectClient, call: Call) -> Outcome:
    action = Action("key", "events", "edit", "an event", "a reason", payload=call)
    return asyncio.run(apply(client, action))


def make_series(client: DirectClient, *people: str, number: int = 1) -> ObservedEvent:
    call = CreateEvent(
        EventDetails("Group", mark=Mark("tests", 7, number)), replace(SLOT, count=4), people
    )
    return carry_out(client, call).answer.event


def forecast(call: CreateEvent | EditEvent) -> tuple[ObservedEvent, list[tuple[str, str]]]:
    return comparable(call.result())


def comparable(event: ObservedEvent) -> tuple[ObservedEvent, list[tuple[str, str]]]:
    """Return an event without what only Google can tell: its ETag, and details of its people."""
    people = [(one.address, one.answer) for one in event.attendees]
    return replace(event, etag="", attendees=()), people


def test_a_plan_foresees_how_each_call_leaves_the_event() -> None:
    client = DirectClient(lambda: NOW)
    when = Times(FIRST + timedelta(hours=3), 45, "Europe/Paris")
    for number, times in enumerate([replace(SLOT, count=4), when], 1):
        details = EventDetails("Group", "About", "Here", mark=Mark("tests", 7, number))
        call = CreateEvent(details, times, ("ada@example.org", "ben@example.org"))
        event = carry_out(client, call).answer.event
        assert comparable(event) == forecast(call)
        for change in [
            EditEvent(event, invite=("new@example.org", "ben@example.org")),
            EditEvent(event, remove=frozenset({"ada@example.org"})),
            EditEvent(event, details=replace(details, summary="Renamed")),
        ]:
            current = replace(change, event=event)
            event = carry_out(client, current).answer.event
            assert comparable(event) == forecast(current)
            assert current.result().etag, "an event without an ETag would be read again"


def test_a_plan_foresees_how_a_meeting_is_moved_cancelled_and_restored() -> None:
    client = DirectClient(lambda: NOW)
    series = make_series(client, "ada@example.org")
    body = asyncio.run(client.get_body(f"{series.id}_20261104T150000Z"))
    event = read_event(body) if body else series
    moved = EditEvent(event, times=Times(FIRST + timedelta(hours=1), 90, "UTC"))
    event = carry_out(client, moved).answer.event
    assert comparable(event) == forecast(moved)
    cancelled = CancelEvent(event).result()
    carry_out(client, CancelEvent(event))
    assert (cancelled.is_cancelled, cancelled.etag) == (True, "")
    assert replace(cancelled, status="confirmed", etag=event.etag) == event
    restored = EditEvent(cancelled, times=Times(FIRST, 60, "UTC"), restore=True)
    event = carry_out(client, restored).answer.event
    assert comparable(event) == forecast(restored)


class Forgetful(DirectClient):
    """A Google that takes a list and keeps the old one."""

    async def patch(self, event: ObservedEvent, body: dict, *, notify: str) -> ObservedEvent:
        return replace(await super().patch(event, body, notify=notify), attendees=event.attendees)


def test_a_change_that_google_does_not_keep_is_not_taken_for_done() -> None:
    client = Forgetful(lambda: NOW)
    series = make_series(client, "ada@example.org")
    with pytest.raises(Refused) as refused:
        carry_out(client, EditEvent(series, invite=("new@example.org",)))
    assert refused.value.code == "not_kept"


def test_an_occurrence_that_is_so_already_is_not_written_again() -> None:
    """A listing may have left it out; writing it once more would mail everyone."""
    client = DirectClient(lambda: NOW)
    series = make_series(client, "ada@example.org")
    unseen = replace(series, id=f"{series.id}_20261104T150000Z", etag="")
    call = EditEvent(unseen, times=Times(FIRST, 60, "UTC"), invite=("ada@example.org",))
    outcome = carry_out(client, call)
    assert outcome.note == "No change was needed."
    assert client.writes == 1


def test_an_occurrence_that_google_does_not_know_is_said_to_be_unknown() -> None:
    client = DirectClient(lambda: NOW)
    series = make_series(client)
    unseen = replace(series, id=f"{series.id}_20300101T150000Z", etag="")
    with pytest.raises(Refused) as refused:
        carry_out(client, EditEvent(unseen, invite=("a@example.org",)))
    assert refused.value.code == "no_occurrence"


def test_b15_what_has_changed_since_is_read_again_and_not_written() -> None:
    client = DirectClient(lambda: NOW)
    series = make_series(client)
    client.by_hand("edit_event", event=series.id, changes={"summary": "by hand"})
    outcome = carry_out(client, EditEvent(series, details=EventDetails("ours")))
    assert not outcome.done
    (seen,) = map(read_event, outcome.answer.bodies)
    assert seen.details.summary == "by hand"


def test_an_id_that_something_else_has_is_not_adopted() -> None:
    client = DirectClient(lambda: NOW)
    series = make_series(client)
    properties = {"private": {"lens_installation": "theirs"}}
    client.by_hand("edit_event", event=series.id, changes={"extendedProperties": properties})
    with pytest.raises(Refused) as refused:
        make_series(client)
    assert refused.value.code == "id_taken"


BARE = {"id": "x", "start": {"dateTime": "2026-11-04T15:00:00Z"}}


def test_fields_that_google_leaves_out_are_at_their_default() -> None:
    assert read_event(BARE) == read_event(
        {
            **BARE,
            "status": "confirmed",
            "summary": "",
            "guestsCanSeeOtherGuests": True,
            "guestsCanInviteOthers": True,
            "guestsCanModify": False,
            "reminders": {"useDefault": True},
            "attendees": [],
        }
    )


@pytest.mark.parametrize(
    ("reminders", "some"),
    [
        ({}, True),
        ({"useDefault": True}, True),
        ({"useDefault": False}, False),
        ({"useDefault": False, "overrides": []}, False),
        ({"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}, True),
    ],
)
def test_whether_google_reminds_anyone(reminders: dict, some: bool) -> None:
    assert read_event({**BARE, "reminders": reminders}).details.reminders is some


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("RRULE:FREQ=WEEKLY;COUNT=4", 4),
        ("RRULE:FREQ=WEEKLY;WKST=MO;COUNT=4;BYDAY=WE", 4),
        ("RRULE:COUNT=4;INTERVAL=1;FREQ=WEEKLY", 4),
        ("RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=TH", None),
        ("RRULE:FREQ=WEEKLY;COUNT=4;INTERVAL=2", None),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261125T150000Z", 4),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261125T145959Z", 3),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261104T145959Z", None),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261125", None),
        ("RRULE:FREQ=WEEKLY", None),
        ("RRULE:FREQ=DAILY;COUNT=4", None),
    ],
)
def test_which_rules_are_a_weekly_rhythm(rule: str, count: int | None) -> None:
    when = {"dateTime": "2026-11-04T15:00:00Z", "timeZone": "UTC"}
    ends = {"dateTime": "2026-11-04T16:00:00Z", "timeZone": "UTC"}
    slot = read_event({"id": "x", "start": when, "end": ends, "recurrence": [rule]}).slot
    assert (slot.count if slot else None) == count


def test_times_are_converted_from_the_calendars_zone_and_never_replaced() -> None:
    event = read_event({"id": "x", "start": {"dateTime": "2026-11-04T20:30:00+05:30"}})
    assert event.start == FIRST


@pytest.mark.parametrize("when", [{"date": "2026-11-04"}, {}])
def test_a_whole_day_is_no_time_of_ours(when: dict) -> None:
    assert read_event({"id": "x", "start": when, "end": when}).start is None


def test_staff_may_paste_a_link() -> None:
    eid = urlsafe_b64encode(b"abc123 lens@sandbox.example").decode().rstrip("=")
    assert read_event_id(f"https://www.google.com/calendar/event?eid={eid}") == "abc123"
    assert read_event_id(" abc123 ") == "abc123"


@pytest.mark.parametrize(
    "link",
    [
        "https://calendar.google.com/?eid=!",
        "https://calendar.google.com/?eid=",
        "https://calendar.google.com/#eid=YWJj",
        "eid=YWJj",
        "https://[calendar?eid=YWJj",
    ],
)
def test_a_link_without_an_id_names_no_event(link: str) -> None:
    assert read_event_id(link) == ""
