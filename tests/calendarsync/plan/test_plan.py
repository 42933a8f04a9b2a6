"""Properties of the plan: one round corrects anything that happened to facts and calendar.

Facts change and people do things by hand, in any order; then the reconciler runs against the
sandbox's own world (in this process), in any of Google's ways.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from calendarsync.apply import apply
from calendarsync.desired import desired_state
from calendarsync.observe import observe
from calendarsync.plan.calls import CreateEvent
from calendarsync.plan.plan import plan, view_group
from calendarsync.plan.review import review
from calendarsync.plan.series_state import find_series, is_in_rhythm, series_of
from calendarsync.sandbox.requests.listing import list_events
from calendarsync.state import ids
from calendarsync.state.desired_state import DesiredCalendar, DesiredGroupCalendar, DesiredSeries
from calendarsync.state.facts import (
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    EventRecord,
    Exempt,
    Guest,
    SeriesRecord,
)
from calendarsync.state.observed import (
    ObservedEvent,
    Reading,
    StoredState,
    WriteResult,
    read_event,
)
from calendarsync.state.run_observation import RunObservation, StoredReading
from calendarsync.state.slots import SeriesSlot
from cohorts.reconcile.values import Plan, Policy
from meetings.facts import MeetingFacts
from meetings.rhythm import Slot
from tests.calendarsync.behaviour import EXCEPTIONS, MAILS
from tests.calendarsync.direct import DirectClient

START = datetime(2026, 3, 2, 12, tzinfo=UTC)  # the weeks span a change of clocks
WEEKLY = Slot(2, time(15, 30), "Europe/Berlin", 60)
SLOT = SeriesSlot.through(
    [datetime.fromisoformat(f"2026-{day}:00") for day in ("03-11T15:30+01", "04-08T15:30+02")],
    WEEKLY,
)
PEOPLE = [CalendarPerson(n, f"P{n}", f"p{n}@example.org") for n in range(6)]
NOWHERE = CalendarPerson(6, "P6", "")
MOST_STEPS = 120  # more calls than any round here can need

Step = tuple[Any, ...]


@dataclass
class Scene:
    """One group, its facts, and a calendar; `mode` and `mails` are Google's ways."""

    own_events: bool
    mode: str
    mails: str
    now: datetime = START
    facts: CalendarGroup = field(init=False)
    client: DirectClient = field(init=False)
    kept: dict[str, ObservedEvent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = DirectClient(lambda: self.now)
        self.client.by_hand("settings", exceptions=self.mode, mails=self.mails)
        meetings = [
            MeetingFacts(n, n, start, 60, False, start) for n, start in enumerate(SLOT.starts(), 1)
        ]
        self.facts = CalendarGroup(
            id=7,
            cohort_id=1,
            name="Group",
            cohort="Autumn",
            course="Course",
            live=True,
            set_up=True,
            asked=True,
            weekly=WEEKLY,
            zone="Europe/Berlin",
            meetings=tuple(meetings),
            members=(PEOPLE[0], PEOPLE[1], NOWHERE),
        )

    @property
    def series_id(self) -> str:
        return self.facts.series.event_id if self.facts.series else ""

    def desired(self) -> DesiredCalendar:
        snapshot = CalendarSnapshot(
            "tests",
            "https://lens.example",
            self.own_events,
            groups={7: self.facts},
            copies={7: self.kept},
        )
        return desired_state(snapshot, self.now)

    def look(self) -> tuple[DesiredCalendar, RunObservation]:
        awaited = frozenset(record.event_id for record in self.facts.all_series if record.made)
        awaited |= {record.event_id for record in self.facts.events if record.made}
        stored = StoredState("", awaited, awaited - self.kept.keys())
        finding = asyncio.run(observe(self.client, stored))
        assert not finding.issue
        self.keep(finding.to_store)
        return self.desired(), finding.observed

    def keep(self, reading: Reading) -> StoredReading:
        """Copies are kept with the token that they belong to, and only then."""
        found = {body["id"]: read_event(body) for body in reading.bodies}
        gone = self.kept.keys() - found.keys() if reading.full else frozenset()
        self.kept = {pk: one for pk, one in {**self.kept, **found}.items() if pk not in gone}
        return StoredReading({7: found}, frozenset(gone))

    def run_slice(self, dies_after: int = MOST_STEPS) -> Plan:
        """Compare and carry out until nothing is left, or until the worker dies; the last plan."""
        desired, observed = self.look()
        for done in range(MOST_STEPS):
            left = plan(desired, observed, ALLOWED)
            if done == dies_after:
                return left
            if not left.actions:
                self.facts = view_group(desired, observed, 7)[0].facts
                return left
            action = min(left.actions, key=lambda a: a.rank)
            check_allowed(action, self.now)
            self.intend(action.payload)
            outcome = asyncio.run(apply(self.client, action.payload))
            observed = self.absorb(observed, outcome.answer)
        raise AssertionError(f"still to do: {left.actions}")

    def intend(self, call: Any) -> None:
        """The row that is committed before an event is made."""
        if not isinstance(call, CreateEvent):
            return
        mark, facts = call.mark, self.facts
        if mark.meeting_id is None and isinstance(call.when, SeriesSlot):
            row = SeriesRecord(call.event_id, mark.generation, made=False, slot=call.when)
            older = tuple(r for r in facts.all_series if r.event_id != row.event_id)
            after = max(facts.next_generation, mark.generation + 1)
            self.facts = replace(facts, all_series=(row, *older), next_generation=after)
        elif mark.meeting_id is not None:
            key = mark.meeting_id, mark.person_id
            single = EventRecord(call.event_id, mark.generation, False, False, *key)
            kept = tuple(r for r in facts.events if (r.meeting_id, r.person_id) != key)
            self.facts = replace(facts, events=(*kept, single))

    def absorb(self, observed: RunObservation, answer: Any) -> RunObservation:
        if isinstance(answer, WriteResult):
            return observed.with_result(7, answer)
        if isinstance(answer, ObservedEvent):
            return observed.with_written(7, answer)
        return observed.with_reading(self.keep(answer))


ALLOWED = Policy(groups=frozenset({7}), may_create=frozenset({7}))


def check_allowed(action: Any, now: datetime) -> None:
    """What has begun is history."""
    event = getattr(action.payload, "event", None)
    times = getattr(action.payload, "times", None)
    if event is not None and event.series_id and event.original <= now:
        assert times is None or times.start > now
        assert event.start is None or event.start > now or times is not None


SLOTS = [
    WEEKLY,
    Slot(2, time(15, 30), "Europe/Berlin", 90),
    Slot(0, time(9), "Europe/Berlin", 60),
    Slot(3, time(2, 30), "Europe/Berlin", 60),
    Slot(2, time(15, 30), "America/New_York", 45),
]

# -- what may happen -------------------------------------------------------------------------

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


# -- the properties --------------------------------------------------------------------------


@given(scenes, st.lists(steps, max_size=14))
@settings(max_examples=150, deadline=None)
def test_a_pass_reaches_the_desired_state_and_the_next_is_empty(
    context: Scene, story: list[Step]
) -> None:
    context.run_slice()
    live_through(context, story)
    context.run_slice()
    check_reached(context)

    writes = context.client.writes
    assert context.run_slice().actions == ()
    context.client.cursor, context.kept = "", {}  # a full reading says the same
    assert context.run_slice().actions == ()
    assert context.client.writes == writes
    check_seen(context)


def check_reached(context: Scene) -> None:
    """What the calendar holds, asked one by one, is what the facts say."""
    context.client.cursor, context.kept = "", {}
    group, observed = view_group(*context.look(), 7)
    newest = find_series(group, observed)
    if newest is None or group.people is None:
        return
    assert group.people <= newest.people <= group.people | group.exempt
    for each in group.series:
        series = series_of(each, observed)
        if series is not None and not series.is_cancelled:
            assert not each.unwanted
            assert is_in_rhythm(each, series)
            check_occurrences(context, group, series, each)
    for single in group.events:
        assert single.record is not None
        event = observed.events[single.record.event_id]
        assert not event.is_cancelled
        assert event.start == single.start
        assert single.people <= event.people <= single.people | group.exempt


def check_occurrences(
    context: Scene, group: DesiredGroupCalendar, series: ObservedEvent, each: DesiredSeries
) -> None:
    for wanted in each.occurrences:
        event = asyncio.run(context.client.get(ids.occurrence_id(series.id, wanted.original)))
        assert event is not None
        if wanted.cancelled:
            assert event.is_cancelled or (event.start and event.start <= context.now)
            continue
        assert (event.start, event.end) == (
            wanted.start,
            wanted.start + timedelta(minutes=wanted.minutes),
        )
        assert wanted.people <= event.people <= wanted.people | group.exempt


def check_seen(context: Scene) -> None:
    """Each member has one invitation to each meeting that is to come, and to nothing else."""
    facts = context.facts
    addresses = {person.address for person in facts.members if person.address}
    if not facts.live or facts.series is None or not addresses:
        return
    addresses -= {guest.person.address for guest in facts.guests}
    over = {m.rhythm_at for m in facts.meetings if m.rhythm_at and m.starts_at <= context.now}
    wanted = sorted(
        (m.starts_at, m.minutes)
        for m in facts.meetings
        if m.starts_at > context.now and not m.cancelled
    )
    for address in addresses:
        assert sorted(invitations(context, address, over)) == wanted


def invitations(
    context: Scene, address: str, over: Container[datetime | None]
) -> Iterator[tuple[datetime, int]]:
    """Those to come, but for what was moved by hand after its meeting was over."""
    query = {"singleEvents": True, "maxResults": 2500}
    for event in map(read_event, list_events(context.client.state, query)["items"]):
        is_ahead = event.start and event.start > context.now and event.original not in over
        if is_ahead and address in event.people and event.start and event.end:
            yield event.start, int((event.end - event.start).total_seconds() // 60)


@given(scenes, st.lists(steps, max_size=10), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_plan_never_holds_what_the_policy_forbids(
    context: Scene, story: list[Step], due: bool, asked: bool
) -> None:
    live_through(context, story)
    desired, observed = context.look()
    policy = Policy(frozenset({7} if due else ()), frozenset({7} if asked else ()))
    found = plan(desired, observed, policy)
    assert {action.group_id for action in found.actions} <= policy.groups
    assert {a.group_id for a in found.actions if a.creates} <= policy.may_create
    assert found.removals >= {
        (action.group_id, action.removes) for action in found.actions if action.removes
    }
    keys = [action.key for action in found.actions]
    assert len(keys) == len(set(keys))


@given(scenes, st.lists(steps, max_size=10))
@settings(max_examples=100, deadline=None)
def test_each_person_is_listed_once_in_the_review(context: Scene, story: list[Step]) -> None:
    live_through(context, story)
    context.run_slice()
    desired, observed = context.look()
    said = review(desired, view_group(desired, observed, 7)[1], 7)
    ids_said = [access.person_id for access in said.access]
    assert len(ids_said) == len(set(ids_said))
    if context.facts.live:
        assert {p.id for p in context.facts.members} <= set(ids_said)


@given(scenes)
@settings(max_examples=10, deadline=None)
def test_a_calendar_that_is_in_sync_gives_an_empty_plan(context: Scene) -> None:
    context.run_slice()
    assert context.client.writes == 1
    desired, observed = context.look()
    assert plan(desired, observed, ALLOWED) == Plan()
