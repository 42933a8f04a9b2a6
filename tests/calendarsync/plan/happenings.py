"""What may happen to facts and calendar in a story: by Lens, by people and by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from calendarsync.state import ids
from calendarsync.state.facts import (
    CalendarPerson,
    Exempt,
    Guest,
)
from meetings.rhythm import MeetingFacts, Slot
from tests.calendarsync.behaviour import EXCEPTIONS, MAILS
from tests.calendarsync.plan.scene import PEOPLE, SLOT, WEEKLY, Scene

Step = tuple[Any, ...]
SLOTS = [
    WEEKLY,
    Slot(2, time(15, 30), "Europe/Berlin", 90),
    Slot(0, time(9), "Europe/Berlin", 60),
    Slot(3, time(2, 30), "Europe/Berlin", 60),
    Slot(2, time(15, 30), "America/New_York", 45),
]
person = st.sampled_from(PEOPLE)
week = st.integers(1, 5)
hours = st.integers(-30, 30)
answers = st.sampled_from(["accepted", "declined", "tentative"])
steps = st.one_of(
    st.tuples(st.just("join"), person),
    st.tuples(st.just("leave"), person),
    st.tuples(st.just("visit"), person, week),
    st.tuples(st.just("end_visit"), person, week),
    st.tuples(st.just("excuse"), person),
    st.tuples(st.just("move"), week, hours),
    st.tuples(st.just("call_off"), week),
    st.tuples(st.just("bring_back"), week),
    st.tuples(st.just("leave_rhythm"), week),
    st.tuples(st.just("change_slot"), week, st.sampled_from(SLOTS)),
    st.tuples(st.just("lengthen"), st.integers(1, 3)),
    st.tuples(st.just("die"), st.integers(0, 4)),
    st.tuples(st.just("end_group")),
    st.tuples(st.just("wait"), st.integers(1, 12)),
    st.tuples(st.just("hand_list"), st.lists(person, unique=True)),
    st.tuples(st.just("hand_list_once"), week, st.lists(person, unique=True)),
    st.tuples(st.just("hand_move"), week, hours),
    st.tuples(st.just("hand_delete"), week),
    st.tuples(st.just("hand_words"), st.text(max_size=5)),
    st.tuples(st.just("answer"), person, answers),
    st.tuples(st.just("answer_once"), person, answers, week),
    st.tuples(st.just("slice")),
)

# What people do to a whole series in Google's own pages, which Lens reports and leaves as it is.
series_changes = st.one_of(
    st.tuples(st.just("hand_rule"), st.integers(1, 9)),
    st.tuples(st.just("hand_shift"), hours),
    st.tuples(st.just("hand_split"), week),
)


def happen(context: Scene, step: Step) -> None:
    HAPPENINGS[step[0]](context, *step[1:])


def join(context: Scene, who: CalendarPerson) -> None:
    members = {p.id: p for p in (*context.facts.members, who)}
    context.facts = replace(context.facts, members=tuple(members.values()))


def leave(context: Scene, who: CalendarPerson) -> None:
    if who in context.facts.members and len(context.facts.members) > 1:
        members = tuple(p for p in context.facts.members if p != who)
        context.facts = replace(context.facts, members=members, former=(*context.facts.former, who))


def visit(context: Scene, who: CalendarPerson, number: int) -> None:
    if who not in context.facts.members:
        end_visit(context, who, number)
        guests = (*context.facts.guests, Guest(who, number, expected=True))
        context.facts = replace(context.facts, guests=guests)


def end_visit(context: Scene, who: CalendarPerson, number: int) -> None:
    ended = tuple(
        replace(guest, expected=False)
        if (guest.person, guest.meeting_id) == (who, number)
        else guest
        for guest in context.facts.guests
    )
    context.facts = replace(context.facts, guests=ended)


def excuse(context: Scene, who: CalendarPerson) -> None:
    exempt = Exempt(who, context.now + timedelta(days=5))
    context.facts = replace(context.facts, exempt=(*context.facts.exempt, exempt))


def change_meeting(context: Scene, number: int, **changes: Any) -> None:
    meetings = tuple(
        replace(m, **changes) if m.number == number and m.starts_at > context.now else m
        for m in context.facts.meetings
    )
    context.facts = replace(context.facts, meetings=meetings)


def move(context: Scene, number: int, by: int) -> None:
    start = SLOT.starts()[number - 1] + timedelta(hours=by)
    if start > context.now:
        change_meeting(context, number, starts_at=start)


def end_group(context: Scene) -> None:
    context.facts = replace(context.facts, live=False)


def wait(context: Scene, days: int) -> None:
    context.now += timedelta(days=days)


def change_slot(context: Scene, number: int, weekly: Slot) -> None:
    """From this week on; as everywhere, what a person moved keeps its time."""
    context.facts = replace(
        context.facts,
        weekly=weekly,
        zone=weekly.zone,
        meetings=tuple(
            follow(m, weekly, context.now) if m.number >= number else m
            for m in context.facts.meetings
        ),
    )


def follow(meeting: MeetingFacts, weekly: Slot, now: datetime) -> MeetingFacts:
    place = place_of(meeting.number, weekly)
    if meeting.rhythm_at is None or min(meeting.starts_at, place) <= now:
        return meeting
    moved = replace(meeting, rhythm_at=place)
    if meeting.cancelled or meeting.starts_at != meeting.rhythm_at:
        return moved
    return replace(moved, starts_at=place, minutes=weekly.minutes)


def place_of(number: int, weekly: Slot) -> datetime:
    day = date(2026, 3, 2) + timedelta(weeks=number, days=weekly.weekday)
    wall = datetime.combine(day, weekly.start_time, tzinfo=ZoneInfo(weekly.zone))
    return wall.astimezone(UTC)


def lengthen(context: Scene, by: int) -> None:
    """The cohort gets more meetings."""
    weekly, last = context.facts.weekly, len(context.facts.meetings)
    assert weekly
    more = [
        MeetingFacts(n, n, place, weekly.minutes, False, place)
        for n in range(last + 1, min(last + by, 12) + 1)
        if (place := place_of(n, weekly)) > context.now
    ]
    context.facts = replace(context.facts, meetings=(*context.facts.meetings, *more))


def occurrence(context: Scene, number: int) -> str:
    """Of the newest series."""
    slot = context.facts.series.slot if context.facts.series else None
    return ids.occurrence_id(
        context.series_id, (slot or SLOT).starts()[(number - 1) % (slot or SLOT).count]
    )


def entries(people: list[CalendarPerson]) -> dict[str, Any]:
    return {"attendees": [{"email": p.address, "responseStatus": "accepted"} for p in people]}


def hand_move(context: Scene, number: int, by: int) -> None:
    start = SLOT.starts()[number - 1] + timedelta(hours=by)
    ends = start + timedelta(minutes=45)
    changes = {
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": ends.isoformat()},
    }
    context.client.by_hand("edit_event", event=occurrence(context, number), changes=changes)


def hand_shift(context: Scene, by: int) -> None:
    slot = (context.facts.series and context.facts.series.slot) or SLOT
    start = slot.starts()[0] + timedelta(hours=by)
    ends = start + timedelta(minutes=slot.minutes)
    changes = {
        "start": {"dateTime": start.isoformat(), "timeZone": slot.zone},
        "end": {"dateTime": ends.isoformat(), "timeZone": slot.zone},
    }
    context.client.by_hand("edit_event", event=context.series_id, changes=changes)


def hand_split(context: Scene, number: int) -> None:
    slot = (context.facts.series and context.facts.series.slot) or SLOT
    at = slot.starts()[(number - 1) % slot.count].isoformat()
    context.client.by_hand("split", event=context.series_id, at=at)


HAPPENINGS: dict[str, Any] = {
    "join": join,
    "leave": leave,
    "visit": visit,
    "end_visit": end_visit,
    "excuse": excuse,
    "move": move,
    "call_off": lambda context, number: change_meeting(context, number, cancelled=True),
    "bring_back": lambda context, number: change_meeting(context, number, cancelled=False),
    "leave_rhythm": lambda context, number: change_meeting(context, number, rhythm_at=None),
    "change_slot": change_slot,
    "lengthen": lengthen,
    "die": lambda context, after: context.run_slice(dies_after=after),
    "end_group": end_group,
    "wait": wait,
    "hand_list": lambda context, people: context.client.by_hand(
        "edit_event", event=context.series_id, changes=entries(people)
    ),
    "hand_list_once": lambda context, number, people: context.client.by_hand(
        "edit_event", event=occurrence(context, number), changes=entries(people)
    ),
    "hand_move": hand_move,
    "hand_delete": lambda context, number: context.client.by_hand(
        "delete_event", event=occurrence(context, number)
    ),
    "hand_rule": lambda context, count: context.client.by_hand(
        "edit_event",
        event=context.series_id,
        changes={"recurrence": [f"RRULE:FREQ=WEEKLY;COUNT={count}"]},
    ),
    "hand_shift": hand_shift,
    "hand_split": hand_split,
    "hand_words": lambda context, words: context.client.by_hand(
        "edit_event", event=context.series_id, changes={"summary": words}
    ),
    "answer": lambda context, who, answer: context.client.by_hand(
        "respond", event=context.series_id, attendee=who.address, answer=answer
    ),
    "answer_once": lambda context, who, answer, number: context.client.by_hand(
        "respond",
        event=context.series_id,
        attendee=who.address,
        answer=answer,
        original_start=SLOT.starts()[number - 1].isoformat(),
    ),
    "slice": lambda context: context.run_slice(),
}
scenes = st.builds(Scene, st.booleans(), st.sampled_from(EXCEPTIONS), st.sampled_from(MAILS))


def live_through(context: Scene, story: list[Step]) -> None:
    for step in story:
        happen(context, step)
