"""Planning again only what an outcome concerns, or only what is due, gives what planning everything
would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendarsync.desired import DesiredCalendar, desired_state
from calendarsync.plan.calls import CreateEvent, EditEvent, ReadExceptions
from calendarsync.plan.plan import plan, view_group
from calendarsync.provider import CalendarProvider
from calendarsync.state.facts import (
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    Guest,
)
from calendarsync.state.observed import Attendee, ObservedEvent, WriteResult
from calendarsync.state.run_observation import RunObservation, StoredReading
from cohorts.reconcile.runs.planned_work import PlannedWork
from cohorts.reconcile.values import Action, Policy
from meetings.rhythm import MeetingFacts
from tests.calendarsync.paper import FIRST, FRIDAYS, HOUR, NOW, WEDNESDAYS, group, weekly

some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
GROUPS = (1, 2, 3)
MOST_CALLS = 20
Facts = dict[int, CalendarGroup]
Copies = Mapping[int, Mapping[str, ObservedEvent]]
PEOPLE = [CalendarPerson(n, name, f"{name}@example.org") for n, name in enumerate("abcde", 1)]
provider = CalendarProvider()

people = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3).map(tuple)
some_groups = st.frozensets(st.sampled_from(GROUPS))
members = st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1, max_size=3).map(tuple)
ADDRESSES = [person.address for person in PEOPLE]


# -- facts -----------------------------------------------------------------------------------


@st.composite
def meetings_of(draw: st.DrawFn, group_id: int) -> list[MeetingFacts]:
    """A rhythm, of which some meetings were moved or cancelled, and perhaps an extra one."""
    rows = weekly(FIRST, draw(st.integers(1, 4)))
    found = []
    for row in rows:
        change = draw(st.sampled_from(["none", "moved", "moved", "cancelled", "outside"]))
        moved = row.starts_at + (3 * HOUR if change in {"moved", "outside"} else timedelta(0))
        place = None if change == "outside" else row.rhythm_at
        pk = group_id * 100 + row.id
        found.append(MeetingFacts(pk, row.number, moved, 60, change == "cancelled", place))
    return found


@st.composite
def groups_of_facts(draw: st.DrawFn) -> Facts:
    return {pk: draw(facts_of(pk)) for pk in GROUPS}


@st.composite
def changes_of(draw: st.DrawFn, before: Facts) -> Facts:
    """Later facts: often only other members, which change a series that has exceptions."""
    return {
        pk: draw(facts_of(pk))
        if draw(st.integers(0, 2)) == 2
        else replace(one, members=draw(members))
        for pk, one in before.items()
    }


@st.composite
def facts_of(draw: st.DrawFn, pk: int) -> CalendarGroup:
    meetings = draw(meetings_of(pk))
    guests = draw(people)
    hosts = st.sampled_from(meetings)
    return replace(
        group(
            meetings,
            slot=draw(st.sampled_from([WEDNESDAYS] * 4 + [FRIDAYS, None])),
            live=draw(st.integers(0, 5)) > 0,
            members=draw(members),
            former=draw(people),
            guests=tuple(Guest(person, draw(hosts).id, True) for person in guests),
        ),
        id=pk,
        name=f"Group {pk}",
    )


def snapshot_of(
    groups: Facts,
    copies: Copies,
    *,
    own_events: bool,
) -> CalendarSnapshot:
    return CalendarSnapshot(
        "tests", "https://lens.example", own_events, groups=groups, copies=copies
    )


# -- a calendar on paper ---------------------------------------------------------------------


def answer(action: Action, data: st.DataObject) -> WriteResult | ObservedEvent:
    """What Google answers to a write. It may show something about the addresses."""
    call = action.payload
    event = call.result()
    if not isinstance(call, CreateEvent | EditEvent):
        return event
    shown = data.draw(st.sampled_from(["nothing"] * 6 + ["refused", "stays", "alias"]))
    listed = sorted(event.people)
    if shown == "nothing" or not listed:
        return WriteResult(event)
    if shown == "alias":
        return WriteResult(event, aliases={"other@example.org": listed[0]})
    if shown == "refused":
        kept = tuple(one for one in event.attendees if one.address != listed[0])
        return WriteResult(replace(event, attendees=kept), refused=frozenset(listed[:1]))
    return WriteResult(event, stays=frozenset(listed[:1]))


def meddle(observed: RunObservation, copies: Copies, data: st.DataObject) -> StoredReading:
    """What a reading shows that people did meanwhile: they deleted, emptied or invited."""
    changed: dict[int, dict[str, ObservedEvent]] = {}
    for pk in GROUPS:
        events = observed.of_group(pk, copies.get(pk, {})).events
        for event in events.values():
            match data.draw(st.sampled_from([""] * 5 + ["deleted", "emptied", "invited"])):
                case "deleted":
                    after = replace(event, status="cancelled", attendees=())
                case "emptied":
                    after = replace(event, attendees=event.attendees[:1])
                case "invited":
                    more = Attendee.invite(data.draw(st.sampled_from(ADDRESSES)))
                    after = replace(event, attendees=(*event.attendees, more))
                case _:
                    continue
            changed.setdefault(pk, {})[event.id] = after
    return StoredReading(changed)


def observe(
    action: Action,
    observed: RunObservation,
    copies: Copies,
    data: st.DataObject,
) -> RunObservation:
    """The observation after an action, as `CalendarProvider.record` returns it."""
    assert action.group_id is not None
    if isinstance(action.payload, ReadExceptions):
        return observed.with_reading(meddle(observed, copies, data))
    result = answer(action, data)
    if isinstance(result, WriteResult):
        return observed.with_result(action.group_id, result)
    return observed.with_written(action.group_id, result)


def with_records(
    after: CalendarGroup, desired: DesiredCalendar, observed: RunObservation
) -> CalendarGroup:
    """Other facts of a group, with the records of what a run has made for it."""
    made = view_group(desired, observed, after.id)[0].facts
    return replace(
        after,
        all_series=made.all_series,
        events=made.events,
        next_generation=made.next_generation,
    )


# -- the properties --------------------------------------------------------------------------


def describe(work: PlannedWork) -> tuple[dict[str, list[Action]], set[str]]:
    lanes = {lane: list(actions) for lane, actions in work.lanes()}
    return {lane: actions for lane, actions in lanes.items() if actions}, work.withheld


def run(
    desired: DesiredCalendar,
    observed: RunObservation,
    policy: Policy,
    data: st.DataObject,
    *,
    everything: DesiredCalendar | None = None,
) -> RunObservation:
    """Carry out a plan part by part; each part must leave what a whole plan leaves, which is made
    from the facts of all groups."""
    everything = everything or desired
    copies = everything.snapshot.copies
    whole = plan(everything, observed, policy)
    work = PlannedWork(plan(desired, observed, policy))
    assert describe(work) == describe(PlannedWork(whole))
    for _ in range(MOST_CALLS):
        if not work.actions:
            break
        action = work.actions[data.draw(st.sampled_from(sorted(work.actions)))]
        observed = observe(action, observed, copies, data)
        part = provider.replan(whole, action, desired, observed, policy)
        whole = plan(everything, observed, policy)
        if part is None:
            work = PlannedWork(plan(desired, observed, policy))
        else:
            work.replace(part)
        assert describe(work) == describe(PlannedWork(whole))
    return observed


@some
@given(groups=groups_of_facts(), own=st.booleans(), data=st.data())
def test_an_outcome_replans_what_a_whole_plan_would_leave(
    groups: Facts, own: bool, data: st.DataObject
) -> None:
    policy = Policy(frozenset(GROUPS), data.draw(some_groups))
    desired = desired_state(snapshot_of(groups, {}, own_events=own), NOW)

    run(desired, RunObservation(), policy, data)


@some
@given(before=groups_of_facts(), own=st.booleans(), data=st.data())
def test_the_facts_of_due_groups_are_enough_to_plan_them(
    before: Facts, own: bool, data: st.DataObject
) -> None:
    asked = Policy(frozenset(GROUPS), frozenset(GROUPS))
    earlier = desired_state(snapshot_of(before, {}, own_events=own), NOW)
    seen = run(earlier, RunObservation(), asked, data)
    copies = {pk: seen.of_group(pk, {}).events for pk in GROUPS}
    after = data.draw(changes_of(before))
    facts = {pk: with_records(after[pk], earlier, seen) for pk in GROUPS}
    due = data.draw(st.frozensets(st.sampled_from(GROUPS), min_size=1, max_size=3))
    whole = snapshot_of(facts, copies, own_events=own)
    part = replace(
        whole,
        groups={pk: facts[pk] for pk in due},
        copies={pk: copies[pk] for pk in due},
        is_whole=False,
    )
    policy = Policy(due, data.draw(some_groups))
    known = RunObservation(refused=seen.refused, stays=seen.stays, aliases=seen.aliases)
    found, wanted = desired_state(part, NOW), desired_state(whole, NOW)

    planned, expected = plan(found, known, policy), plan(wanted, known, policy)
    assert (planned.issues, planned.has_removals) == (expected.issues, expected.has_removals)
    run(found, known, policy, data, everything=wanted)
