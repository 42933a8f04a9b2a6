"""What should exist in the calendar, fact by fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from calendarsync.desired import (
    DesiredGroupCalendar,
    DesiredOccurrence,
    desired_group,
    desired_state,
)
from calendarsync.state.facts import (
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    EventRecord,
    Exempt,
    Guest,
)
from tests.calendarsync.paper import (
    FIRST,
    FOUR,
    FRIDAY,
    FRIDAYS,
    HOUR,
    NOW,
    WEEK,
    foreign,
    group,
    record,
    series,
    weekly,
)

ANNE, BEN, CARL = (
    CalendarPerson(n, name, f"{name.lower()}@example.org")
    for n, name in enumerate(("Anne", "Ben", "Carl"), 1)
)
NOWHERE = CalendarPerson(8, "Dora", "")
REFUSED = CalendarPerson(9, "Emil", "emil@example.org", refused=True)
MEMBERS = (ANNE, BEN, NOWHERE, REFUSED)
BOTH = frozenset({ANNE.address, BEN.address})


def with_members(*args: Any, **more: Any) -> CalendarGroup:
    return group(*args, **{"members": MEMBERS, **more})


def desired(
    facts: CalendarGroup, now: datetime = NOW, *, own_events: bool = False
) -> DesiredGroupCalendar:
    snapshot = CalendarSnapshot(
        "tests", "https://lens.example", own_events, groups={facts.id: facts}
    )
    calendar = desired_state(snapshot, now)
    assert (calendar.installation, calendar.now, calendar.snapshot) == ("tests", now, snapshot)
    assert calendar.groups == {facts.id: desired_group(facts, snapshot, now)}
    return calendar.groups[facts.id]


def visit(person: CalendarPerson, meeting: int, *, expected: bool = True) -> Guest:
    return Guest(person, meeting, expected)


# -- the group -----------------------------------------------------------------------------------


def test_the_texts_name_the_group_and_its_pages():
    found = desired(with_members(weekly(FIRST, 4)))
    details = found.details
    assert details.summary == "Course - Alpha"
    assert details.location == "https://lens.example/groups/7/"
    assert details.description == (
        "Alpha of Course, Winter.\n"
        "Where the group meets and who is coming: https://lens.example/groups/7/\n"
        "If you can't make it one week: https://lens.example/meetings/"
    )
    switches = details.guests_see, details.guests_invite, details.guests_modify, details.reminders
    assert switches == (False, False, False, False)
    assert found.facts.id == 7


@pytest.mark.parametrize(
    ("facts", "now", "issue"),
    [
        (with_members(weekly(FIRST, 4)), NOW, ""),
        (with_members(weekly(FIRST, 4), live=False), NOW, "group_ended"),
        (with_members(weekly(FIRST, 4), slot=None), NOW, "no_slot"),
        (group(weekly(FIRST, 4)), NOW, "no_members"),
        (with_members([]), NOW, "no_meetings_ahead"),
        (with_members(weekly(FIRST, 1)), FIRST, "no_meetings_ahead"),
        (with_members(weekly(FRIDAY, 1)), NOW, "no_meetings_ahead"),
    ],
)
def test_a_series_can_be_made_or_there_is_a_reason(facts, now, issue):
    found = desired(facts, now)
    assert found.blocking_issue == issue
    assert (found.make is None) == bool(issue)


def test_the_first_series_has_only_meetings_that_are_to_come():
    assert desired(with_members(weekly(FIRST, 4))).make == FOUR
    assert desired(with_members(weekly(FIRST, 4)), FIRST).make == series(1, 20, 3)


def test_its_people_are_the_members_who_can_be_invited_while_the_group_lives():
    assert desired(with_members([])).members == BOTH
    assert desired(with_members([], live=False)).members == set()


def test_a_next_series_is_needed_only_where_one_can_be_made():
    facts = with_members([*weekly(FIRST, 4), *weekly(FRIDAY + 4 * WEEK, 2, number=5)], record())
    facts = replace(facts, weekly=FRIDAYS)
    assert desired(facts).next_series == series(2, 12, 2)
    assert desired(replace(facts, members=())).next_series is None
    assert not desired(facts).mismatched
    assert desired(with_members(weekly(FRIDAY, 2), foreign(), slot=FRIDAYS)).mismatched


def test_people_with_an_end_of_access_are_former_and_exempt_ones_may_stay():
    stays = CalendarPerson(4, "Gina", "gina@example.org", stays=True)
    hugo = CalendarPerson(5, "Hugo", "hugo@example.org")
    ida = CalendarPerson(6, "Ida", "ida@example.org")
    found = desired(
        with_members(
            weekly(FIRST, 4),
            former=(BEN, stays, NOWHERE),
            guests=(visit(CARL, 1, expected=False),),
            exempt=(
                Exempt(hugo, NOW),
                Exempt(ida, NOW + HOUR),
                Exempt(ANNE, NOW + 2 * HOUR),
                Exempt(NOWHERE, NOW + 3 * HOUR),
            ),
        )
    )
    assert found.former == {BEN.address, CARL.address, hugo.address}
    assert found.exempt == {ida.address, ANNE.address}
    assert found.next_at == NOW + HOUR
    assert [found.explains(one.address) for one in (BEN, ANNE)] == [True, False]
    assert desired(with_members([], exempt=(Exempt(hugo, NOW),))).next_at is None
    assert desired(with_members([], live=False)).explains(ANNE.address)


# -- series and occurrences ----------------------------------------------------------------------


def test_a_series_lists_the_members_and_each_meeting_to_come():
    moved, cancelled, plain = weekly(FIRST, 3)
    moved = replace(moved, starts_at=FIRST + 2 * HOUR, minutes=90)
    cancelled = replace(cancelled, starts_at=FIRST + WEEK + HOUR, cancelled=True)
    facts = with_members([moved, cancelled, plain], record(), guests=(visit(CARL, 3),))
    (found,) = desired(facts).series
    assert (found.record, found.people, found.ahead, found.unwanted) == (
        record(),
        BOTH,
        True,
        False,
    )
    held = "week {} of Alpha".format
    assert found.occurrences == (
        DesiredOccurrence(held(1), FIRST, FIRST + 2 * HOUR, 90, 1, people=BOTH),
        DesiredOccurrence(held(2), FIRST + WEEK, FIRST + WEEK + HOUR, 60, 2, cancelled=True),
        DesiredOccurrence(
            held(3), FIRST + 2 * WEEK, FIRST + 2 * WEEK, 60, 3, people=BOTH | {CARL.address}
        ),
        DesiredOccurrence(
            "Alpha, 3 February", FIRST + 3 * WEEK, FIRST + 3 * WEEK, 60, cancelled=True
        ),
    )
    assert desired(facts).people == BOTH
    assert not desired(facts, FIRST + 3 * WEEK).series[0].ahead


def test_what_has_begun_is_left_as_it_is():
    held, cancelled, ahead = weekly(FIRST, 3)
    facts = with_members([held, replace(cancelled, cancelled=True), ahead], record())
    (found,) = desired(facts, FIRST).series
    assert [one.meeting_id for one in found.occurrences] == [2, 3, None]
    (found,) = desired(facts, FIRST + WEEK).series
    assert [one.meeting_id for one in found.occurrences] == [3, None]


def test_the_list_of_a_series_is_history_once_its_last_occurrence_has_begun():
    facts = with_members(weekly(FIRST, 4), record())
    last = FIRST + 3 * WEEK
    assert desired(facts, last - HOUR).people == BOTH
    assert desired(facts, last).people is None
    assert not desired(facts, last).series[0].ahead
    early = with_members([replace(weekly(FIRST, 1)[0], starts_at=FIRST + HOUR)], record())
    (found,) = desired(replace(early, all_series=(record(1, series(1, 13, 1)),)), FIRST).series
    assert (len(found.occurrences), found.ahead) == (1, True)  # moved past its usual start
    assert desired(with_members(weekly(FIRST, 4), record(1, None))).people == BOTH


def test_the_series_of_a_group_that_has_ended_stays_and_what_lies_ahead_is_cancelled():
    facts = with_members(weekly(FIRST, 2), record(), live=False, guests=(visit(CARL, 1),))
    found = desired(facts, FIRST)
    assert (found.people, found.visits) == (None, ())
    (one, *_) = found.series[0].occurrences
    assert (one.meeting_id, one.cancelled, one.people) == (2, True, frozenset())


def test_without_meetings_no_occurrence_is_touched():
    (found,) = desired(with_members([], record())).series
    assert (found.occurrences, found.ahead, found.people) == ((), False, BOTH)
    (found,) = desired(with_members(weekly(FIRST, 4), record(1, None))).series
    assert found.occurrences == ()


def test_a_series_that_is_only_intended_is_not_there():
    assert desired(with_members(weekly(FIRST, 4), record(made=False))).series == ()


def test_meetings_taken_over_are_cancelled_in_the_older_series():
    meetings = [*weekly(FIRST, 2), *weekly(FRIDAY + 2 * WEEK, 2, number=3)]
    newer = record(2, series(1, 29, 2))
    newest, older = desired(with_members(meetings, newer, record(), slot=FRIDAYS)).series
    assert [(one.cancelled, one.elsewhere) for one in older.occurrences] == [
        (False, False),
        (False, False),
        (True, True),
        (True, True),
    ]
    assert (older.people, older.unwanted) == (BOTH, False)
    assert [one.meeting_id for one in newest.occurrences] == [3, 4]


def test_occurrences_are_kept_until_the_series_that_replaces_them_exists():
    meetings = [*weekly(FIRST, 2), *weekly(FRIDAY + 2 * WEEK, 2, number=3)]
    (found,) = desired(with_members(meetings, record(), slot=FRIDAYS)).series
    assert [one.meeting_id for one in found.occurrences] == [1, 2]


def test_an_older_series_without_any_meeting_is_not_desired():
    newer = record(2, series(1, 15, 4))
    facts = with_members(weekly(FRIDAY, 4), newer, record(), slot=FRIDAYS)
    newest, older = desired(facts).series
    assert (newest.unwanted, older.unwanted, older.people) == (False, True, None)
    assert not desired(facts, FIRST).series[1].unwanted
    one_more = [*weekly(FRIDAY, 4), *weekly(FIRST, 1, number=5)]
    assert not desired(replace(facts, meetings=tuple(one_more))).series[1].unwanted
    to_follow = [*weekly(FRIDAY, 4), *weekly(FRIDAY + 4 * WEEK, 2, number=5)]
    assert not desired(replace(facts, meetings=tuple(to_follow))).series[1].unwanted


# -- single events -------------------------------------------------------------------------------


def test_a_meeting_without_a_place_in_a_series_has_an_event_of_its_own():
    extra = replace(weekly(FIRST + HOUR, 1, number=9)[0], number=None, rhythm_at=None)
    own = EventRecord("e9", 1, True, False, 9)
    facts = with_members(
        [*weekly(FIRST, 4), extra], record(), events=[own], guests=(visit(CARL, 9),)
    )
    (found,) = desired(facts).events
    assert (found.name, found.meeting_id, found.person_id) == (
        "an extra session of Alpha",
        9,
        None,
    )
    assert (found.start, found.minutes, found.record) == (FIRST + HOUR, 60, own)
    assert found.people == BOTH | {CARL.address}
    assert desired(facts).unwanted == ()
    older = EventRecord("e8", 1, True, False, 9)
    several = desired(replace(facts, events=(own, older)))
    assert (several.events, several.unwanted) == ((found,), (older,))
    assert desired(replace(facts, all_series=())).events == ()
    assert desired(facts, FIRST + HOUR).events == ()
    cancelled = replace(facts, meetings=(replace(extra, cancelled=True),))
    assert (desired(cancelled).events, desired(cancelled).unwanted) == ((), (own,))
    ended = replace(facts, live=False)
    assert (desired(ended).events, desired(ended).unwanted) == ((), (own,))


def test_a_meeting_keeps_its_event_until_the_series_that_will_hold_it_exists():
    meetings = [*weekly(FIRST, 4), *weekly(FRIDAY + 4 * WEEK, 2, number=5)]
    own = EventRecord("e5", 1, True, False, 5)
    facts = with_members(meetings, record(), slot=FRIDAYS, events=[own])
    found = desired(facts)
    assert (found.events, found.unwanted) == ((), ())
    newer = replace(facts, all_series=(record(2, series(2, 12, 2)), record()))
    assert desired(newer).unwanted == (own,)


def test_events_of_past_meetings_are_history():
    facts = with_members(weekly(FIRST, 4), record(), events=[EventRecord("e1", 1, True, False, 1)])
    assert [event.event_id for event in desired(facts).unwanted] == ["e1"]
    assert desired(facts, FIRST).unwanted == ()


def test_guests_have_events_of_their_own_where_that_is_set():
    own = EventRecord("g2", 1, True, False, 2, CARL.id)
    guests = (visit(CARL, 2), visit(NOWHERE, 2), visit(BEN, 3, expected=False))
    facts = with_members(weekly(FIRST, 4), record(), guests=guests, events=[own])
    found = desired(facts, own_events=True)
    (event,) = found.events
    assert (event.name, event.meeting_id, event.person_id) == (
        "Carl at week 2 of Alpha",
        2,
        CARL.id,
    )
    assert (event.start, event.people, event.record) == (FIRST + WEEK, {CARL.address}, own)
    assert found.unwanted == ()
    assert all(CARL.address not in one.people for one in found.series[0].occurrences)
    found = desired(facts)
    assert (found.events, found.unwanted) == ((), (own,))
    assert CARL.address in found.series[0].occurrences[1].people


def test_guests_of_an_extra_session_are_on_its_event_unless_they_have_their_own():
    extra = replace(weekly(FIRST + HOUR, 1, number=9)[0], number=None, rhythm_at=None)
    facts = with_members([*weekly(FIRST, 4), extra], record(), guests=(visit(CARL, 9),))
    session, guest = desired(facts, own_events=True).events
    assert (session.people, guest.people) == (BOTH, {CARL.address})
    assert guest.name == "Carl at an extra session of Alpha"


def test_visits_count_until_their_meeting_begins_or_is_cancelled():
    meetings = weekly(FIRST, 3)
    meetings[2] = replace(meetings[2], cancelled=True)
    guests = (visit(CARL, 1), visit(BEN, 2), visit(ANNE, 3), visit(CARL, 2, expected=False))
    facts = with_members(meetings, record(), guests=guests)
    assert desired(facts).visits == guests[:2]
    assert desired(facts, FIRST).visits == guests[1:2]
