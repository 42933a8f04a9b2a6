"""Properties of the plan: whatever happened to facts and calendar, one round puts it right.

Facts change and people do things by hand, in any order; then a slice runs against the sandbox's
own world (in this process), in any of Google's ways.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from calendarsync import ids
from calendarsync.apply import carry_out
from calendarsync.desired import Desired, want
from calendarsync.facts import Exempt, GroupFacts, Guest, MeetingFacts, Person, Snapshot
from calendarsync.observe import observe
from calendarsync.observed import Event, Memory, Observed
from calendarsync.plan import plan
from calendarsync.review import review
from calendarsync.slots import Slot, Weekly
from calendarsync.standing import catch_up, find_series, is_in_rhythm
from cohorts.sync.mirror import Plan, Policy
from tests.calendarsync.behaviour import EXCEPTIONS, MAILS
from tests.calendarsync.direct import DirectClient

START = datetime(2026, 3, 2, 12, tzinfo=UTC)  # the weeks span a change of clocks
WEEKLY = Weekly(2, time(15, 30), "Europe/Berlin", 60)
SLOT = Slot.through(
    [datetime.fromisoformat(f"2026-{day}T15:30+01:00") for day in ("03-11", "04-08")], WEEKLY
)
PEOPLE = [Person(n, f"P{n}", f"p{n}@example.org") for n in range(6)]
NOWHERE = Person(6, "P6", "")
MOST_STEPS = 60  # more calls than any round here can need

Step = tuple[Any, ...]


@dataclass
class Scene:
    """One group, its facts, and a calendar; `mode` and `mails` are Google's ways."""

    own_events: bool
    mode: str
    mails: str
    now: datetime = START
    facts: GroupFacts = field(init=False)
    client: DirectClient = field(init=False)
    kept: dict[str, Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = DirectClient(lambda: self.now)
        self.client.by_hand("settings", exceptions=self.mode, mails=self.mails)
        meetings = [
            MeetingFacts(n, n, start, 60, False, start) for n, start in enumerate(SLOT.starts(), 1)
        ]
        self.facts = GroupFacts(
            id=7,
            cohort_id=1,
            name="Group",
            cohort="Autumn",
            course="Course",
            live=True,
            active=True,
            asked=True,
            weekly=WEEKLY,
            zone="Europe/Berlin",
            meetings=tuple(meetings),
            members=(PEOPLE[0], PEOPLE[1], NOWHERE),
        )

    @property
    def series_id(self) -> str:
        return self.facts.series.event_id if self.facts.series else ""

    def desired(self) -> Desired:
        snapshot = Snapshot("tests", "https://lens.example", self.own_events, {7: self.facts})
        return want(snapshot, self.now)

    def look(self) -> tuple[Desired, Observed]:
        recorded = {self.series_id} | {record.event_id for record in self.facts.events}
        memory = Memory("tests", events=self.kept, recorded=frozenset(recorded))
        finding = asyncio.run(observe(self.client, memory))  # type: ignore[arg-type]
        assert not finding.trouble
        self.kept = dict(finding.observed.events)
        return self.desired(), finding.observed

    def run_slice(self) -> Plan:
        """Compare and carry out until nothing is left; the last plan."""
        desired, observed = self.look()
        for _ in range(MOST_STEPS):
            left = plan(desired, observed, ALLOWED)
            if not left.actions:
                self.facts = catch_up(desired, observed).groups[7].facts
                return left
            action = min(left.actions, key=lambda a: a.rank)
            check_allowed(action, self.now)
            memory = Memory("tests", recorded=frozenset({self.series_id}))
            outcome = asyncio.run(carry_out(self.client, memory, action.payload))  # type: ignore[arg-type]
            observed = self.absorb(observed, outcome.answer)
        raise AssertionError(f"still to do: {left.actions}")

    def absorb(self, observed: Observed, answer: Any) -> Observed:
        """Copies are kept with the token that they belong to, and only then."""
        if isinstance(answer, Event):
            return observed.with_written(answer)
        self.kept = {**self.kept, **{event.id: event for event in answer.events}}
        return observed.with_reading(answer)


ALLOWED = Policy(groups=frozenset({7}), may_create=frozenset({7}))


def check_allowed(action: Any, now: datetime) -> None:
    """What has begun is history."""
    event = getattr(action.payload, "event", None)
    times = getattr(action.payload, "times", None)
    if event is not None and event.series_id and event.original <= now:
        assert times is None or times.start > now
        assert event.start is None or event.start > now or times is not None


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


def happen(scene: Scene, step: Step) -> None:
    HAPPENINGS[step[0]](scene, *step[1:])


def join(scene: Scene, who: Person) -> None:
    members = {p.id: p for p in (*scene.facts.members, who)}
    scene.facts = replace(scene.facts, members=tuple(members.values()))


def leave(scene: Scene, who: Person) -> None:
    if who in scene.facts.members and len(scene.facts.members) > 1:
        members = tuple(p for p in scene.facts.members if p != who)
        scene.facts = replace(scene.facts, members=members, former=(*scene.facts.former, who))


def visit(scene: Scene, who: Person, number: int) -> None:
    if who not in scene.facts.members:
        end_visit(scene, who, number)
        guests = (*scene.facts.guests, Guest(who, number, expected=True))
        scene.facts = replace(scene.facts, guests=guests)


def end_visit(scene: Scene, who: Person, number: int) -> None:
    ended = tuple(
        replace(guest, expected=False)
        if (guest.person, guest.meeting_id) == (who, number)
        else guest
        for guest in scene.facts.guests
    )
    scene.facts = replace(scene.facts, guests=ended)


def excuse(scene: Scene, who: Person) -> None:
    exempt = Exempt(who, scene.now + timedelta(days=5))
    scene.facts = replace(scene.facts, exempt=(*scene.facts.exempt, exempt))


def change_meeting(scene: Scene, number: int, **changes: Any) -> None:
    meetings = tuple(
        replace(m, **changes) if m.number == number and m.starts_at > scene.now else m
        for m in scene.facts.meetings
    )
    scene.facts = replace(scene.facts, meetings=meetings)


def move(scene: Scene, number: int, by: int) -> None:
    start = SLOT.starts()[number - 1] + timedelta(hours=by)
    if start > scene.now:
        change_meeting(scene, number, starts_at=start)


def end_group(scene: Scene) -> None:
    scene.facts = replace(scene.facts, live=False)


def wait(scene: Scene, days: int) -> None:
    scene.now += timedelta(days=days)


def occurrence(scene: Scene, number: int) -> str:
    return ids.occurrence_id(scene.series_id, SLOT.starts()[number - 1])


def entries(people: list[Person]) -> dict[str, Any]:
    return {"attendees": [{"email": p.address, "responseStatus": "accepted"} for p in people]}


def hand_move(scene: Scene, number: int, by: int) -> None:
    start = SLOT.starts()[number - 1] + timedelta(hours=by)
    ends = start + timedelta(minutes=45)
    changes = {
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": ends.isoformat()},
    }
    scene.client.by_hand("edit_event", event=occurrence(scene, number), changes=changes)


HAPPENINGS: dict[str, Any] = {
    "join": join,
    "leave": leave,
    "visit": visit,
    "end_visit": end_visit,
    "excuse": excuse,
    "move": move,
    "call_off": lambda scene, number: change_meeting(scene, number, cancelled=True),
    "bring_back": lambda scene, number: change_meeting(scene, number, cancelled=False),
    "leave_rhythm": lambda scene, number: change_meeting(scene, number, rhythm_at=None),
    "end_group": end_group,
    "wait": wait,
    "hand_list": lambda scene, people: scene.client.by_hand(
        "edit_event", event=scene.series_id, changes=entries(people)
    ),
    "hand_list_once": lambda scene, number, people: scene.client.by_hand(
        "edit_event", event=occurrence(scene, number), changes=entries(people)
    ),
    "hand_move": hand_move,
    "hand_delete": lambda scene, number: scene.client.by_hand(
        "delete_event", event=occurrence(scene, number)
    ),
    "hand_words": lambda scene, words: scene.client.by_hand(
        "edit_event", event=scene.series_id, changes={"summary": words}
    ),
    "answer": lambda scene, who, answer: scene.client.by_hand(
        "respond", event=scene.series_id, attendee=who.address, answer=answer
    ),
    "answer_once": lambda scene, who, answer, number: scene.client.by_hand(
        "respond",
        event=scene.series_id,
        attendee=who.address,
        answer=answer,
        original_start=SLOT.starts()[number - 1].isoformat(),
    ),
    "slice": lambda scene: scene.run_slice(),
}

scenes = st.builds(Scene, st.booleans(), st.sampled_from(EXCEPTIONS), st.sampled_from(MAILS))


def live_through(scene: Scene, story: list[Step]) -> None:
    for step in story:
        happen(scene, step)


# -- the properties --------------------------------------------------------------------------


@given(scenes, st.lists(steps, max_size=14))
@settings(max_examples=150, deadline=None)
def test_a_round_reaches_what_is_wanted_and_the_next_is_empty(
    scene: Scene, story: list[Step]
) -> None:
    scene.run_slice()
    live_through(scene, story)
    scene.run_slice()
    check_reached(scene)

    writes = scene.client.writes
    assert scene.run_slice().actions == ()
    scene.client.cursor, scene.kept = "", {}  # a full reading says the same
    assert scene.run_slice().actions == ()
    assert scene.client.writes == writes


def check_reached(scene: Scene) -> None:
    """What the calendar holds, asked one by one, is what the facts say."""
    scene.client.cursor, scene.kept = "", {}
    desired, observed = scene.look()
    group = desired.groups[7]
    series = find_series(group, observed)
    if series is None or group.people is None:
        return
    assert is_in_rhythm(group, series)
    may_be_there = group.people | group.exempt
    assert group.people <= series.people <= may_be_there
    for wanted in group.occurrences:
        event = asyncio.run(scene.client.get(ids.occurrence_id(series.id, wanted.original)))
        assert event is not None
        assert event.is_cancelled == wanted.cancelled
        if not wanted.cancelled:
            assert (event.start, event.end) == (
                wanted.start,
                wanted.start + timedelta(minutes=wanted.minutes),
            )
            assert wanted.people <= event.people <= wanted.people | group.exempt
    for single in group.events:
        assert single.record is not None
        event = observed.events[single.record.event_id]
        assert not event.is_cancelled
        assert event.start == single.start
        assert single.people <= event.people <= single.people | group.exempt


@given(scenes, st.lists(steps, max_size=10), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_plan_never_holds_what_the_policy_forbids(
    scene: Scene, story: list[Step], due: bool, asked: bool
) -> None:
    live_through(scene, story)
    desired, observed = scene.look()
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
def test_everybody_is_somebody_in_the_review(scene: Scene, story: list[Step]) -> None:
    live_through(scene, story)
    scene.run_slice()
    desired, observed = scene.look()
    said = review(desired, observed, 7)
    ids_said = [access.person_id for access in said.access]
    assert len(ids_said) == len(set(ids_said))
    if scene.facts.live:
        assert {p.id for p in scene.facts.members} <= set(ids_said)


@given(scenes)
@settings(max_examples=10, deadline=None)
def test_a_calendar_that_is_in_step_gives_an_empty_plan(scene: Scene) -> None:
    scene.run_slice()
    assert scene.client.writes == 1
    desired, observed = scene.look()
    assert plan(desired, observed, ALLOWED) == Plan(people=2)
