"""What is stored about a group's calendar: issues, drift and access, for each state of its series.

On paper: `test_drift.py` tries the choices over HTTP.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from calendarsync.desired import DesiredCalendar, desired_state
from calendarsync.plan.review import review
from calendarsync.plan.series_state import find_issues, group_with_own_writes
from calendarsync.state import ids
from calendarsync.state.facts import (
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    EventRecord,
    Guest,
)
from calendarsync.state.observed import Attendee, EventDetails, ObservedEvent
from calendarsync.state.run_observation import RunObservation
from cohorts.reconcile.values import Access, Issue, Review
from meetings.rhythm import MeetingFacts
from tests.calendarsync.paper import FIRST, FOUR, HOUR, NOW, WEEK, group, record, series, weekly

ANNE, BEN = (CalendarPerson(n, name, f"{name}@example.org") for n, name in enumerate(("a", "b"), 1))
CARL = CalendarPerson(3, "c", "")
SERIES = record()
ALL = weekly(FIRST, 4)


def desire(*records: Any, **facts: Any) -> DesiredCalendar:
    known = {"members": (ANNE, BEN), "next_generation": 1 + len(records)}
    return desire_of(group(ALL, *records, **{**known, **facts}))


def desire_of(facts: CalendarGroup, now: datetime = NOW) -> DesiredCalendar:
    snapshot = CalendarSnapshot("tests", "https://lens.example", False, groups={7: facts})
    return desired_state(snapshot, now)


def event(**seen: Any) -> ObservedEvent:
    """Return the series as observed, to which Anne is invited."""
    plain = ObservedEvent(
        SERIES.event_id,
        "etag",
        "confirmed",
        EventDetails("Alpha"),
        start=FIRST,
        end=FIRST + HOUR,
        slot=FOUR,
        attendees=(Attendee.invite(ANNE.address),),
    )
    return replace(plain, **seen)


def observe(*events: ObservedEvent, **more: Any) -> RunObservation:
    return RunObservation({7: {one.id: one for one in events}}, **more)


PART = event(id="foreign", continues=SERIES.event_id)
SPLIT = event(id=f"{SERIES.event_id}_R20270127T150000")
ADVICE = "Google does not let Lens change the rhythm of a series without losing its meetings. "


@pytest.mark.parametrize(
    ("events", "issue", "detail", "theirs"),
    [
        ([event()], "", "", None),
        ([event(status="cancelled")], "series_gone", "", "deleted in Google Calendar"),
        (
            [event(slot=series(1, 14, 4))],
            "series_edited",
            "",
            "its times or its repetition were changed",
        ),
        ([event(slot=None)], "series_edited", "", "its times or its repetition were changed"),
        (
            [event(), SPLIT],
            "series_split",
            "",
            "split by “this and all following events”",
        ),
        ([event(), PART], "series_continued", "“Alpha” from 2027-01-13 15:00 UTC", None),
        (
            [event(slot=None), PART],
            "series_continued",
            "“Alpha” from 2027-01-13 15:00 UTC",
            "split by “this and all following events”",
        ),
        (
            [event(), replace(PART, start=None)],
            "series_continued",
            "“Alpha” from an unknown time",
            None,
        ),
        ([event(omitted=True)], "attendees_omitted", "", None),
        (
            [event(), event(id="one", series_id=SERIES.event_id, original=FIRST, omitted=True)],
            "attendees_omitted",
            "",
            None,
        ),
        ([], "", "", None),
    ],
)
def test_each_state_of_a_series_has_its_issue_and_its_drift(events, issue, detail, theirs):
    found = review(desire(SERIES), observe(*events), 7)
    assert (found.issue, found.detail) == (issue, detail)
    assert [one.theirs for one in found.drift] == ([theirs] if theirs else [])
    is_there = bool(events) and not events[0].is_cancelled
    assert found.ready == is_there
    assert found.next_at == desire(SERIES).groups[7].next_at


def test_a_series_that_staff_deleted_waits_for_their_decision():
    (drift,) = review(desire(SERIES), observe(event(status="cancelled")), 7).drift
    assert (drift.key, drift.kind, drift.what) == (SERIES.event_id, "deleted", "Series of Alpha")
    assert drift.ours == "2 people invited to the series"
    assert [one.choice for one in drift.options] == ["recreate", "forget"]
    assert "2 people get a new invitation" in drift.options[0].outcome
    assert "trash within 30 days" in drift.advice
    one = desire(SERIES, members=(ANNE,))
    (drift,) = review(one, observe(event(status="cancelled")), 7).drift
    assert "1 person gets a new invitation" in drift.options[0].outcome


def test_an_edited_series_comes_with_an_advice():
    (drift,) = review(desire(SERIES), observe(event(slot=None)), 7).drift
    assert (drift.key, drift.kind, drift.what) == (SERIES.event_id, "edited", "Series of Alpha")
    assert drift.ours == "one series at the group's weekly time"
    assert drift.advice.startswith(f"{ADVICE}Change its times back in Google Calendar, or delete")
    (drift,) = review(desire(SERIES), observe(event(), SPLIT), 7).drift
    assert drift.advice.startswith(f"{ADVICE}Delete the other part in Google Calendar, or delete")
    assert drift.options == ()


def test_a_group_that_has_ended_has_no_drift_and_no_access():
    over = desire(SERIES, live=False)
    found = review(over, observe(event(status="cancelled")), 7)
    assert (found.issue, found.drift, found.access) == ("", (), ())


def test_a_group_outside_the_snapshot_is_not_ready():
    assert not review(desire(SERIES), observe(event()), 8).ready


# -- issues --------------------------------------------------------------------------------------


def issues(desired: DesiredCalendar, *events: ObservedEvent, **more: Any) -> list[Issue]:
    seen = observe(*events).of_group(7, {})
    return find_issues(group_with_own_writes(desired, 7, seen), seen, **more)


@pytest.mark.parametrize(
    ("facts", "may_create", "found"),
    [
        ({"asked": True, "set_up": False}, False, ["no_slot"]),
        ({"asked": False, "set_up": True}, False, ["no_slot"]),
        ({"asked": False, "set_up": False}, False, []),
        ({"asked": False, "set_up": False}, True, ["no_slot"]),
        ({"asked": True, "live": False}, True, []),
    ],
)
def test_why_no_series_can_be_made_is_said_to_those_who_want_one(facts, may_create, found):
    without = replace(group(ALL, slot=None, members=(ANNE,)), **facts)
    codes = [one.code for one in issues(desire_of(without), may_create=may_create)]
    assert bool(codes) == bool(found)


def test_refused_addresses_are_named_while_the_group_is_live():
    refused = replace(BEN, refused=True)
    visit = Guest(replace(CARL, address="c@example.org", refused=True), 1, True)
    people = {"members": (ANNE, refused), "guests": (visit,)}
    detail = "b (b@example.org), c (c@example.org)"
    assert issues(desire(SERIES, **people), event()) == [Issue(7, "address_refused", detail)]
    assert issues(desire(SERIES, live=False, **people), event()) == []


def test_later_parts_are_named_in_their_order_and_only_those_of_the_group():
    other = ids.make_id(ids.Mark("tests", 8, 1))
    forgotten = ids.make_id(ids.Mark("tests", 7, 9))
    parts = [
        event(id="x", continues=SERIES.event_id, start=FIRST + WEEK),
        event(id="y", continues=forgotten),
        event(id="z", continues=other),
    ]
    (found,) = issues(desire(SERIES), event(), *parts)
    first, second = "“Alpha” from 2027-01-13 15:00 UTC", "“Alpha” from 2027-01-20 15:00 UTC"
    assert found == Issue(7, "series_continued", f"{first}, {second}")


# -- access --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "seen", "state", "reason"),
    [
        (ANNE, event(), "granted", ""),
        (BEN, event(), "pending", ""),
        (CARL, event(), "no_address", "no e-mail address is known"),
        (
            replace(ANNE, refused=True),
            event(),
            "failed",
            "Google Calendar does not accept the e-mail address",
        ),
        (ANNE, None, "pending", "the invitation has not been created yet"),
        (
            ANNE,
            event(status="cancelled"),
            "withheld",
            "the series was deleted in Google Calendar",
        ),
    ],
)
def test_a_members_access_is_their_place_on_the_list(person, seen, state, reason):
    found = review(desire(SERIES, members=(person,)), observe(*filter(None, [seen])), 7)
    assert found.access == (Access(person.id, state, reason),)


def test_a_guest_is_on_the_list_of_one_meeting():
    desired = desire(SERIES, guests=(Guest(BEN, 2, True),), members=(ANNE,))
    own = event(
        id=ids.occurrence_id(SERIES.event_id, FIRST + WEEK),
        series_id=SERIES.event_id,
        original=FIRST + WEEK,
        attendees=(Attendee.invite(BEN.address),),
    )
    guest = review(desired, observe(event(), own), 7).access[1]
    assert guest == Access(BEN.id, "granted", "guest in week 2")
    guest = review(desired, observe(event()), 7).access[1]
    assert guest == Access(BEN.id, "pending", "guest in week 2")


# The fourth meeting was moved past the end of the series, and the fifth is an event of its own.
AFTER = FIRST + 3 * WEEK + HOUR
LAST = MeetingFacts(4, 4, AFTER + HOUR, 60, False, FIRST + 3 * WEEK)
EXTRA = MeetingFacts(5, None, AFTER + WEEK, 60, False, None)
MOVED = event(
    id=ids.occurrence_id(SERIES.event_id, FIRST + 3 * WEEK),
    series_id=SERIES.event_id,
    original=FIRST + 3 * WEEK,
    start=LAST.starts_at,
    attendees=(Attendee.invite(BEN.address),),
)
SINGLE = EventRecord("single", 1, made=True, gone=False, meeting_id=5)


def review_after(meetings: list[MeetingFacts], *events: ObservedEvent, **more: Any) -> Review:
    facts = group(
        [*ALL[:3], *meetings],
        SERIES,
        members=(ANNE, BEN),
        events=(SINGLE,),
        next_generation=2,
        **more,
    )
    return review(desire_of(facts, AFTER), observe(*events), 7)


@pytest.mark.parametrize(
    ("meetings", "events", "anne", "ben"),
    [
        ([LAST], [event(), MOVED], "pending", "granted"),
        ([EXTRA], [event(), replace(MOVED, id="single", series_id=None)], "pending", "granted"),
        ([LAST, EXTRA], [event(), MOVED], "pending", "pending"),
        ([LAST], [event(status="cancelled")], "withheld", "withheld"),
        ([], [event()], "granted", "granted"),
        ([], [event(status="cancelled")], "granted", "granted"),
        ([], [], "granted", "granted"),
    ],
    ids=["moved", "extra", "both", "deleted", "over", "over and deleted", "over for long"],
)
def test_after_the_series_a_members_access_is_their_place_on_the_lists_of_what_is_ahead(
    meetings, events, anne, ben
):
    found = review_after(meetings, *events)
    assert [one.state for one in found.access] == [anne, ben]
    reasons = {one.reason for one in found.access}
    assert (reasons == {"all meetings are over"}) == (not meetings)


def test_after_the_series_another_one_is_awaited_if_there_will_be_more_meetings():
    more = weekly(FIRST + 5 * WEEK, 2, number=6)
    found = review_after(more)
    assert {one.state for one in found.access} == {"pending"}


def test_a_series_deleted_after_its_end_is_missed_while_a_meeting_moved_past_it_is_ahead():
    found = review_after([LAST], event(status="cancelled"))
    assert (found.ready, found.issue) == (False, "series_gone")
    (drift,) = found.drift
    assert (drift.kind, drift.ours) == ("deleted", "2 people invited to the series")
    over = review_after([], event(status="cancelled"))
    assert (over.ready, over.issue, over.drift) == (True, "", ())


# -- what this run has made ----------------------------------------------------------------------


def test_a_series_is_known_as_soon_as_it_is_seen():
    intended = record(made=False)
    for facts in (desire(), desire(intended)):
        found = group_with_own_writes(facts, 7, observe(event()).of_group(7, {})).facts
        assert found.all_series == (SERIES,)
        assert found.next_generation == 2
        unseen = group_with_own_writes(facts, 7, observe().of_group(7, {}))
        assert unseen is facts.groups[7]


def test_addresses_are_known_as_soon_as_a_write_has_shown_their_state():
    facts = desire(SERIES, former=(BEN,), guests=(Guest(BEN, 2, True),))
    seen = observe(event(), refused=frozenset({ANNE.address}), stays=frozenset({BEN.address}))
    found = group_with_own_writes(facts, 7, seen.of_group(7, {})).facts
    assert found.members == (replace(ANNE, refused=True), replace(BEN, stays=True))
    assert found.former == (replace(BEN, stays=True),)
    assert found.guests == (Guest(replace(BEN, stays=True), 2, True),)
