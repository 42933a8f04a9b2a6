"""Properties of the plan: one round corrects anything that happened to facts and calendar.

Facts change and people do things by hand, in any order; then the reconciler runs against the
sandbox's own world (in this process), in any of Google's ways.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterator
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from calendarsync.desired import DesiredGroupCalendar, DesiredSeries
from calendarsync.plan.plan import plan, view_group
from calendarsync.plan.review import review
from calendarsync.plan.series_state import find_series, is_current, is_in_rhythm, series_of
from calendarsync.sandbox.requests.listing import list_events
from calendarsync.state import ids
from calendarsync.state.observed import (
    ObservedEvent,
    read_event,
)
from cohorts.reconcile.values import Plan, Policy
from tests.calendarsync.plan.happenings import (
    Step,
    live_through,
    scenes,
    series_changes,
    steps,
)
from tests.calendarsync.plan.scene import ALLOWED, PEOPLE, Scene

# The last meeting is moved past the end of the series, which then passes.
MOVED_PAST: list[Step] = [("move", 5, 30), ("slice",), *[("wait", 12)] * 3, ("wait", 2)]


@given(scenes, st.lists(steps, max_size=14))
@example(
    Scene(own_events=False, mode="left_alone", mails="everybody"),
    [*MOVED_PAST, ("leave", PEOPLE[1]), ("join", PEOPLE[2])],
)
@settings(max_examples=100, deadline=None)
def test_a_pass_reaches_the_desired_state_the_review_shows_it_and_the_next_is_empty(
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
    check_review(context)


def check_reached(context: Scene) -> None:
    """What the calendar holds, asked one by one, is what the facts say."""
    context.client.cursor, context.kept = "", {}
    group, observed = view_group(*context.look(), 7)
    newest = find_series(group, observed)
    if newest is None:
        return
    if group.people is not None:
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


@given(scenes, st.lists(steps, max_size=8), series_changes, st.lists(steps, max_size=4))
@example(
    Scene(own_events=False, mode="left_alone", mails="everybody"),
    [("move", 4, 3)],
    ("hand_rule", 7),
    [("leave", PEOPLE[1])],
)
@example(
    Scene(own_events=False, mode="left_alone", mails="everybody"),
    [("move", 4, 3)],
    ("hand_split", 3),
    [("leave", PEOPLE[1])],
)
@settings(max_examples=60, deadline=None)
def test_no_one_stays_on_a_list_ahead_without_being_expected_although_a_series_was_changed_by_hand(
    context: Scene, story: list[Step], change: Step, later: list[Step]
) -> None:
    context.run_slice()
    live_through(context, [*story, ("slice",), change, *later])
    context.run_slice()
    check_closed(context)
    assert context.run_slice().actions == ()


def check_closed(context: Scene) -> None:
    """Of the series that were changed by hand, their later parts and exceptions, only people who
    are members, guests or exempt are on those that are ahead."""
    group, observed = view_group(*context.look(), 7)
    guests = {visit.person.address for visit in group.visits}
    may_stay = group.members | group.exempt | guests
    for each in group.series:
        series = series_of(each, observed)
        if series is None or series.is_cancelled or not is_current(each, series):
            continue
        if series.id in observed.split or not is_in_rhythm(each, series):
            exceptions = [
                e for e in observed.events.values() if e.series_id and _base(e) == series.id
            ]
            ahead = [e for e in exceptions if e.start and e.start > context.now]
            parts = [part for part in observed.split_off if _base(part) == series.id]
            for event in (series, *parts, *ahead):
                assert event.is_cancelled or event.people <= may_stay


def _base(event: ObservedEvent) -> str:
    return ids.base_of(event.whole_id)


@given(scenes, st.lists(steps, max_size=10), st.booleans(), st.booleans())
@settings(max_examples=50, deadline=None)
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


def check_review(context: Scene) -> None:
    """Each person is listed once."""
    desired, observed = context.look()
    said = review(desired, observed, 7)
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
