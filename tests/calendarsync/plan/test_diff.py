"""How an event differs from its desired state, and the calls that correct it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from calendarsync.desired import DesiredGroupCalendar, desired_state
from calendarsync.plan.calls import CancelEvent, CreateEvent, EditEvent, ReadExceptions, Times
from calendarsync.plan.diff import EventDiff, compare, correct, make_action
from calendarsync.state.facts import CalendarPerson, CalendarSnapshot
from calendarsync.state.ids import Mark, make_id, to_properties
from calendarsync.state.observed import Attendee, EventDetails, ObservedEvent
from calendarsync.state.slots import SeriesSlot
from tests.calendarsync.paper import FIRST, HOUR, NOW, group, weekly

ANNE, BEN, CARL, DORA = (f"{name}@example.org" for name in ("anne", "ben", "carl", "dora"))
DETAILS = EventDetails("Course - Alpha")
TIMES = Times(FIRST, 60, "UTC")
EVENT = ObservedEvent(
    "series1",
    "etag",
    "confirmed",
    DETAILS,
    start=FIRST,
    end=FIRST + HOUR,
    attendees=(Attendee.invite(ANNE), Attendee.invite(BEN)),
)
BOTH = frozenset({ANNE, BEN})


def desired(*, former: tuple[str, ...] = (), **more: object) -> DesiredGroupCalendar:
    people = tuple(CalendarPerson(n, address, address) for n, address in enumerate(former, 1))
    facts = replace(group(weekly(FIRST, 2)), former=people, **more)
    snapshot = CalendarSnapshot("tests", "https://lens.example", False, groups={7: facts})
    return desired_state(snapshot, NOW).groups[7]


# -- comparing -----------------------------------------------------------------------------------


def test_an_event_as_desired_does_not_differ():
    diff = compare(desired(), EVENT, BOTH, details=DETAILS, times=TIMES)
    assert diff == EventDiff()
    assert str(diff) == ""
    assert not diff.is_noticeable(frozenset())


@pytest.mark.parametrize(
    ("people", "former", "expected"),
    [
        (BOTH | {CARL}, (), EventDiff(missing=frozenset({CARL}))),
        ({ANNE}, (), EventDiff(unexplained=frozenset({BEN}))),
        ({ANNE}, (BEN,), EventDiff(explained=frozenset({BEN}))),
        (set(), (BEN,), EventDiff(explained=frozenset({BEN}), unexplained=frozenset({ANNE}))),
    ],
)
def test_people_are_missing_or_to_be_removed(people, former, expected):
    assert compare(desired(former=former), EVENT, frozenset(people)) == expected


def test_people_without_need_of_a_change_are_left_alone():
    exempt = replace(desired(), exempt=frozenset({BEN}))
    assert compare(exempt, EVENT, frozenset({ANNE})) == EventDiff()
    unchanged = frozenset({BEN, CARL})
    people = frozenset({ANNE, CARL})
    assert compare(desired(), EVENT, people, unchanged=unchanged) == EventDiff()
    omitted = replace(EVENT, omitted=True)
    assert compare(desired(), omitted, frozenset({CARL})) == EventDiff()


def test_the_calendars_own_entry_gives_access_only_to_former_people():
    own = Attendee((("email", CARL), ("self", True)))
    event = replace(EVENT, attendees=(*EVENT.attendees, own))
    assert compare(desired(), event, BOTH) == EventDiff()
    assert compare(desired(former=(CARL,)), event, BOTH) == EventDiff(explained=frozenset({CARL}))


def test_texts_and_times_differ():
    other = replace(DETAILS, summary="Other")
    assert compare(desired(), EVENT, BOTH, details=other) == EventDiff(details=other)
    later = replace(TIMES, start=FIRST + HOUR)
    assert compare(desired(), EVENT, BOTH, times=later) == EventDiff(times=later)
    longer = replace(TIMES, minutes=61)
    assert compare(desired(), EVENT, BOTH, times=longer) == EventDiff(times=longer)
    restored = EventDiff(times=TIMES, restore=True)
    assert compare(desired(), EVENT, BOTH, times=TIMES, restore=True) == restored
    assert compare(desired(), EVENT, BOTH, restore=True) == EventDiff(restore=True)


@pytest.mark.parametrize(
    ("diff", "text", "noticeable"),
    [
        (EventDiff(details=DETAILS), "the text differs", False),
        (EventDiff(times=TIMES), "it starts 2027-01-13 15:00 UTC", True),
        (EventDiff(restore=True), "it was cancelled", True),
        (EventDiff(missing=frozenset({DORA, CARL})), f"invite {CARL}, {DORA}", True),
        (EventDiff(missing=frozenset({CARL})), f"invite {CARL}", False),
        (EventDiff(explained=BOTH, unexplained=BOTH), "", False),
        (
            EventDiff(DETAILS, TIMES, frozenset({CARL}), restore=True),
            f"it was cancelled; the text differs; it starts 2027-01-13 15:00 UTC; invite {CARL}",
            True,
        ),
    ],
)
def test_a_difference_is_described_and_noticed_by_people(diff, text, noticeable):
    assert str(diff) == text
    assert diff.is_noticeable(frozenset({CARL})) == noticeable


# -- correcting ----------------------------------------------------------------------------------


def test_an_event_is_corrected_by_one_call_for_each_kind_of_change():
    diff = EventDiff(
        DETAILS,
        TIMES,
        frozenset({DORA, CARL}),
        explained=frozenset({ANNE}),
        unexplained=frozenset({BEN, "a@example.org"}),
        restore=True,
    )
    leavers, change, first, second = correct(desired(), 3, EVENT, "week 1", diff)
    assert leavers.payload == EditEvent(EVENT, remove=frozenset({ANNE}))
    assert (leavers.key, leavers.kind, leavers.verb) == ("edit series1 leavers", "events", "edit")
    assert (leavers.target, leavers.why) == ("week 1", f"access ended for {ANNE}")
    assert (leavers.rank, leavers.ends, leavers.removes) == (0, True, None)
    assert change.payload == EditEvent(EVENT, DETAILS, TIMES, (CARL, DORA), restore=True)
    assert (change.key, change.target, change.why) == ("edit series1", "week 1", str(diff))
    assert (change.rank, change.ends, change.removes, change.creates) == (3, False, None, False)
    assert first.payload == EditEvent(EVENT, remove=frozenset({"a@example.org"}))
    assert second.payload == EditEvent(EVENT, remove=frozenset({BEN}))
    assert (second.key, second.verb) == (f"remove series1 {BEN}", "remove")
    assert (second.target, second.removes) == (f"{BEN} from week 1", BEN)
    assert second.why == f"{BEN} is on this invitation without a recorded reason"
    assert (second.rank, second.ends) == (3, False)


def test_only_a_noticeable_change_is_mailed():
    (change,) = correct(desired(), 3, EVENT, "week 1", EventDiff(details=DETAILS))
    assert change.payload.notify == "none"
    diff = EventDiff(missing=frozenset({CARL}))
    known = frozenset({CARL})
    (change,) = correct(desired(), 3, EVENT, "week 1", diff, notified=known)
    assert change.payload.notify == "none"
    (change,) = correct(desired(), 3, EVENT, "week 1", diff)
    assert change.payload.notify == "all"
    assert list(correct(desired(), 3, EVENT, "week 1", EventDiff())) == []


@pytest.mark.parametrize(
    ("call", "verb"),
    [
        (CreateEvent(DETAILS, TIMES, ()), "create"),
        (EditEvent(EVENT), "edit"),
        (CancelEvent(EVENT), "cancel"),
        (ReadExceptions(), "read"),
    ],
)
def test_an_action_is_named_after_its_call_and_belongs_to_its_group(call, verb):
    action = make_action(desired(), 4, call, "key", "target", "why", creates=True)
    assert (action.key, action.verb, action.kind) == (f"{verb} key", verb, "events")
    assert (action.target, action.why, action.payload) == ("target", "why", call)
    assert (action.group_id, action.cohort_id, action.rank) == (7, 1, 4)
    assert (action.creates, action.ends, action.removes) == (True, False, None)
    assert not make_action(desired(), 4, call, "key", "target", "why").creates
    assert make_action(desired(set_up=False), 4, call, "key", "target", "why").rank == 14


# -- the calls -----------------------------------------------------------------------------------


def test_a_call_is_done_when_the_event_has_all_that_it_changes():
    call = EditEvent(EVENT, DETAILS, TIMES, (ANNE,), frozenset({CARL}))
    assert call.is_done(EVENT)
    for change in (
        {"details": replace(DETAILS, summary="Other")},
        {"start": FIRST + timedelta(minutes=1)},
        {"end": FIRST + 2 * HOUR},
        {"attendees": ()},
        {"attendees": (*EVENT.attendees, Attendee.invite(CARL))},
    ):
        assert not call.is_done(replace(EVENT, **change))
    assert EditEvent(EVENT).is_done(replace(EVENT, details=EventDetails(), start=None))


def test_an_edit_sends_only_what_it_changes():
    assert EditEvent(EVENT).body(EVENT.attendees) == {}
    assert EditEvent(EVENT, restore=True).body(EVENT.attendees) == {
        "attendees": [{"email": ANNE}, {"email": BEN}],
        "status": "confirmed",
    }
    call = EditEvent(EVENT, times=TIMES, invite=(BEN, CARL), remove=frozenset({ANNE}))
    assert call.body(EVENT.attendees) == {
        "start": {"dateTime": "2027-01-13T15:00:00+00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2027-01-13T16:00:00+00:00", "timeZone": "UTC"},
        "attendees": [{"email": BEN}, {"email": CARL}],
    }
    removing = EditEvent(EVENT, remove=frozenset({ANNE}))
    assert removing.body(EVENT.attendees) == {"attendees": [{"email": BEN}]}


def test_a_created_event_has_its_id_times_texts_and_people():
    mark = Mark("tests", 7, 1)
    details = replace(DETAILS, description="Text", location="Page", mark=mark)
    body = CreateEvent(details, Times(FIRST, 60, "Europe/Berlin"), (ANNE,)).body()
    assert body == {
        "id": make_id(mark),
        "start": {"dateTime": "2027-01-13T16:00:00+01:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2027-01-13T17:00:00+01:00", "timeZone": "Europe/Berlin"},
        "summary": "Course - Alpha",
        "description": "Text",
        "location": "Page",
        "guestsCanSeeOtherGuests": True,
        "guestsCanInviteOthers": True,
        "guestsCanModify": False,
        "reminders": {"useDefault": True, "overrides": []},
        "extendedProperties": {"private": to_properties(mark)},
        "attendees": [{"email": ANNE}],
    }
    edit = EditEvent(EVENT, details, Times(FIRST, 60, "UTC")).body(())
    assert (edit["summary"], edit["start"]["timeZone"]) == ("Course - Alpha", "UTC")


@pytest.mark.parametrize(
    ("first", "minutes", "starts", "ends", "recurrence"),
    [
        (
            datetime(2027, 3, 24, 15),  # noqa: DTZ001 - wall time
            60,
            "2027-03-24T15:00:00+01:00",
            "2027-03-24T16:00:00+01:00",
            ["RRULE:FREQ=WEEKLY;COUNT=3"],
        ),
        (  # clocks change during the first occurrence
            datetime(2027, 3, 28, 1, 30),  # noqa: DTZ001 - wall time
            120,
            "2027-03-21T01:30:00+01:00",
            "2027-03-21T03:30:00+01:00",
            ["RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20270321T013000"],
        ),
    ],
)
def test_a_series_begins_a_week_earlier_if_clocks_change_in_its_first_occurrence(
    first, minutes, starts, ends, recurrence
):
    details = replace(DETAILS, mark=Mark("tests", 7, 1))
    body = CreateEvent(details, SeriesSlot(first, "Europe/Berlin", minutes, 3), ()).body()
    assert body["start"] == {"dateTime": starts, "timeZone": "Europe/Berlin"}
    assert body["end"] == {"dateTime": ends, "timeZone": "Europe/Berlin"}
    assert body["recurrence"] == recurrence
