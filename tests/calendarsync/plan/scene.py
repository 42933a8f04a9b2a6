"""One group, its facts and a calendar: the sandbox's own world, in this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any

from calendarsync.apply import absorb, apply
from calendarsync.desired import DesiredCalendar, desired_state
from calendarsync.observe import observe
from calendarsync.plan.calls import CreateEvent
from calendarsync.plan.plan import plan, view_group
from calendarsync.state.facts import (
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    EventRecord,
    SeriesRecord,
)
from calendarsync.state.observed import ObservedEvent, Reading, StoredState, read_event
from calendarsync.state.run_observation import RunObservation, StoredReading
from calendarsync.state.slots import SeriesSlot
from cohorts.reconcile.values import Action, Outcome, Plan, Policy
from meetings.rhythm import MeetingFacts, Slot
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
        self.client.stored = StoredState("", awaited, awaited - self.kept.keys())
        finding = asyncio.run(observe(self.client))
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
            outcome = asyncio.run(apply(self.client, action))
            observed = self.absorb(observed, action, outcome)
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

    def absorb(self, observed: RunObservation, action: Action, outcome: Outcome) -> RunObservation:
        if isinstance(outcome.answer, Reading):
            return observed.with_reading(self.keep(outcome.answer))
        return absorb(observed, action, outcome)


ALLOWED = Policy(groups=frozenset({7}), may_create=frozenset({7}))


def check_allowed(action: Any, now: datetime) -> None:
    """What has begun is history."""
    event = getattr(action.payload, "event", None)
    times = getattr(action.payload, "times", None)
    if event is not None and event.series_id and event.original <= now:
        assert times is None or times.start > now
        assert event.start is None or event.start > now or times is not None
