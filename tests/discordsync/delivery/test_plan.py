"""People to write to, for any state of the DM channels: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.reconcile.errors import Conflict, Refused
from cohorts.reconcile.values import Action, Outcome, Policy
from discordsync import apply as doing
from discordsync.delivery.direct_messages import DmFailure, judge
from discordsync.desired import desired_state
from discordsync.plan.diff import Diff
from discordsync.plan.direct_messages import plan_direct_messages
from discordsync.state.facts import (
    CohortFacts,
    DirectMessageFacts,
    DiscordGroup,
    DiscordSnapshot,
    MessageFacts,
)
from discordsync.state.observed import ObservedGuild

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
GROUPS = (1, 2)
POLICY = Policy(frozenset(GROUPS))


def facts(direct_messages: dict[int, list[DirectMessageFacts]], room: int) -> DiscordSnapshot:
    return DiscordSnapshot(
        installation="local",
        adopt=False,
        horizon=timedelta(days=14),
        cohorts={1: CohortFacts(1, "Course", "Cohort")},
        groups={
            pk: DiscordGroup(
                pk,
                1,
                f"Group {pk}",
                pk,
                True,
                True,
                True,
                direct_messages=tuple(direct_messages.get(pk, ())),
            )
            for pk in GROUPS
        },
        new_dm_channels=room,
    )


def seen(people: set[int], **more: object) -> ObservedGuild:
    return ObservedGuild(1, 99, members=dict.fromkeys(people, frozenset()), **more)


def plan(
    snapshot: DiscordSnapshot, observed: ObservedGuild, policy: Policy = POLICY
) -> list[Action]:
    return list(plan_direct_messages(Diff(desired_state(snapshot, NOW), observed, policy)))


def note(pk: int, person: int, channel_id: int | None = None) -> DirectMessageFacts:
    return DirectMessageFacts(MessageFacts(pk, "reminder", "Hello", f"n{pk}"), person, channel_id)


@st.composite
def situations(draw: st.DrawFn) -> tuple[DiscordSnapshot, ObservedGuild]:
    people = list(range(10, 16))
    channels = {p: draw(st.sampled_from([None, 500 + p])) for p in people}
    direct_messages: dict[int, list[DirectMessageFacts]] = {pk: [] for pk in GROUPS}
    for pk, person in enumerate(draw(st.lists(st.sampled_from(people), max_size=8))):
        direct_messages[draw(st.sampled_from(GROUPS))].append(note(pk, person, channels[person]))
    here = draw(st.sets(st.sampled_from(people)))
    closed = frozenset(draw(st.sets(st.sampled_from(people), max_size=2)))
    observed = seen(here, dm_closed=closed, dms_disabled=draw(st.booleans()))
    return facts(direct_messages, draw(st.integers(0, 4))), observed


@given(situation=situations())
def test_few_are_asked_and_only_people_who_are_there_and_take_messages(situation):
    snapshot, observed = situation
    actions = plan(snapshot, observed)
    opened = [a.payload.to for a in actions if a.verb == "open"]
    assert len(opened) == len(set(opened)) <= snapshot.new_dm_channels
    assert {a.payload.to for a in actions} <= observed.members.keys() - observed.dm_closed
    assert not (observed.dms_disabled and actions)
    for action in actions:
        if action.verb == "send":
            is_known = "/channels/0/" not in action.payload.path
            assert is_known != bool(action.needs)
            assert action.needs <= {a.key for a in actions}


@given(situation=situations())
def test_carried_out_a_second_plan_sends_nothing_and_opens_no_more_than_there_was_room(situation):
    snapshot, observed = situation
    opened = 0
    for _ in range(40):
        ready = [a for a in plan(snapshot, observed) if not a.needs]
        if not ready:
            break
        first = min(ready, key=lambda action: action.rank)
        opened += first.verb == "open"
        answer = {"id": str(700 + first.payload.to)}
        observed = doing.absorb(observed, first, Outcome(outside_id=answer["id"], answer=answer))
    assert plan(snapshot, observed) == []
    assert opened <= snapshot.new_dm_channels


def test_those_who_waited_longest_get_the_few_places():
    snapshot = facts({1: [note(7, 10)], 2: [note(5, 11)]}, room=1)
    assert [a.payload.to for a in plan(snapshot, seen({10, 11}))] == [11, 11]


def test_what_is_about_a_group_that_is_being_realized_opens_no_line():
    snapshot = facts({1: [note(1, 10), note(2, 11, 511)]}, room=5)
    asked = replace(POLICY, may_create=frozenset({1}))
    assert [a.payload.to for a in plan(snapshot, seen({10, 11}), asked)] == [11]


@pytest.mark.parametrize(
    ("error", "opens", "verdict"),
    [
        (Refused("", code="dm_closed"), False, DmFailure.CLOSED),
        (Refused("", code="dm_closed"), True, DmFailure.CLOSED),
        (Refused("", code="dm_too_fast"), True, DmFailure.NUISANCE),
        (Refused("", code="quarantined"), False, DmFailure.NUISANCE),
        (Refused(""), True, DmFailure.NOT_OPENED),
        (Conflict(""), True, DmFailure.NOT_OPENED),
        (Refused(""), False, DmFailure.NOT_TAKEN),
        (Conflict(""), False, DmFailure.CHANNEL_GONE),
    ],
)
def test_what_a_refusal_means(error, opens, verdict):
    assert judge(error, opens=opens) is verdict
