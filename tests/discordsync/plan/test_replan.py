"""Planning again only what an outcome concerns gives what planning everything would give."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import strategies as st

from cohorts.reconcile.runs.planned_work import PlannedWork
from cohorts.reconcile.values import Action, Plan, Policy
from discordsync.apply import absorb, apply
from discordsync.desired import DesiredGuild, desired_state
from discordsync.plan.plan import plan
from discordsync.plan.replan import replan
from discordsync.state.facts import (
    DirectMessageFacts,
    DiscordGroup,
    DiscordSnapshot,
    Hidden,
    Member,
    MessageFacts,
)
from discordsync.state.observed import ObservedGuild
from tests.discordsync.hands import meddle, meddling
from tests.discordsync.inprocess import Guild, find_ready, look, work
from tests.discordsync.plan.test_plan import in_any_order, present_people, start
from tests.discordsync.strategies import (
    EVERYBODY,
    NOW,
    PEOPLE,
    complete,
    snapshots,
    with_records_of,
)
from tests.support.examples import examples
from tests.support.function_calls import count_calls

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NOTHING = Plan()


@dataclass
class PartByPart:
    """Follows a run with parts of plans, and compares what they leave with each whole plan."""

    whole: Plan = NOTHING  # the last one that was needed
    work: PlannedWork = field(default_factory=lambda: PlannedWork(NOTHING))
    counts: Counter[str] = field(default_factory=Counter)

    def __call__(
        self,
        action: Action | None,
        whole: Plan,
        desired: DesiredGuild,
        observed: ObservedGuild,
        policy: Policy,
    ) -> None:
        part = action and replan(self.whole, action, desired, observed, policy)
        self.counts["part" if part else "whole"] += 1
        if part is None:
            self.whole, self.work = whole, PlannedWork(whole)
            return
        self.work.replace(part)
        assert describe(self.work) == describe(PlannedWork(whole))
        assert whole.removals <= self.whole.removals, "a removal that the guard has not counted"


def describe(work: PlannedWork) -> tuple[dict[str, list[Action]], set[str]]:
    """What is left, lane by lane and in order. What waits for an action that is done waits no
    more."""
    lanes = {
        lane: [replace(one, after=one.after & work.actions.keys()) for one in actions]
        for lane, actions in work.lanes()
    }
    return {lane: actions for lane, actions in lanes.items() if actions}, work.withheld


@st.composite
def varied_snapshots(draw: st.DrawFn) -> DiscordSnapshot:
    """Facts with more of what groups share: names, room for objects, and people to write to."""
    facts = draw(snapshots())
    twins, is_known = draw(st.booleans()), draw(st.booleans())
    to_people = draw(st.dictionaries(st.sampled_from(sorted(facts.groups)), present_people))
    groups = {
        pk: replace(
            group,
            name="Twins" if twins else group.name,
            direct_messages=tuple(
                DirectMessageFacts(MessageFacts(pk * 100 + n, "note", "Hello", f"{pk}-{n}"), person)
                for n, person in enumerate(sorted(to_people.get(pk, ())))
            ),
        )
        for pk, group in facts.groups.items()
    }
    counts = {kind: draw(st.sampled_from([0, most - 4])) for kind, most in ROOM.items()}
    hidden = Hidden(is_known=is_known, counts=counts)
    return replace(facts, groups=groups, hidden=hidden, new_dm_channels=draw(st.integers(0, 3)))


MEMBERS = tuple(Member(person, facilitator=False) for person in PEOPLE)
ROOM = {"channels": 500, "roles": 250, "events": 100}


@examples(12, 50, facts=varied_snapshots(), present=present_people, data=st.data())
def test_realizing_part_by_part_leaves_what_whole_plans_leave(facts, present, data):
    asked = data.draw(st.sets(st.sampled_from(sorted(facts.groups))))

    work(
        start(present), facts, NOW, may_create=asked, choose=in_any_order(data), watch=PartByPart()
    )


@examples(12, 50, before=snapshots(), after=varied_snapshots(), hands=meddling, data=st.data())
def test_any_change_is_followed_part_by_part(before, after, hands, data):
    guild: Guild = start()
    facts = with_records_of(after, work(guild, before, NOW).facts)
    facts = replace(facts, hidden=after.hidden, new_dm_channels=after.new_dm_channels)
    meddle(guild, hands, data)
    due = data.draw(st.sets(st.sampled_from(sorted(facts.groups))))

    work(guild, facts, NOW, groups=due, choose=in_any_order(data), watch=PartByPart())


def make_groups(count: int) -> dict[int, DiscordGroup]:
    group = DiscordGroup(1, 1, "A", 1, live=True, active=True, has_slot=True, members=MEMBERS)
    return {n: replace(group, id=n, position=n, name=f"Group {n}") for n in range(1, count + 1)}


def test_realizing_a_cohort_needs_few_whole_plans():
    watch = PartByPart()

    done = work(start(EVERYBODY), complete(make_groups(6)), NOW, watch=watch).done

    assert watch.counts["whole"] == 3, "at first, and after the category and the cohort's channel"
    assert watch.counts["part"] == len(done) - 2


def test_planning_after_a_call_costs_the_same_for_any_number_of_groups():
    few, many = count_for_each(make_groups(5)), count_for_each(make_groups(50))

    assert many <= 1.2 * few


def count_for_each(groups: dict[int, DiscordGroup], outcomes: int = 40) -> float:
    """Return how many functions are called to plan after an outcome, on average."""
    guild, counts = start(EVERYBODY), []
    facts, observed = look(guild, complete(groups))
    desired, policy = desired_state(facts, NOW), Policy(frozenset(groups), frozenset(groups))
    whole = plan(desired, observed, policy)
    left = PlannedWork(whole)
    for _ in range(outcomes):
        action = find_ready(Plan(tuple(left.actions.values())))[0]
        observed = absorb(observed, action, asyncio.run(apply(guild, action)))
        part = replan(whole, action, desired, observed, policy)
        if part is None:
            whole = plan(desired, observed, policy)
            left = PlannedWork(whole)
        else:
            counts.append(count_calls(partial(replan, whole, action, desired, observed, policy)))
            counts[-1] += count_calls(partial(left.replace, part))
    return sum(counts) / len(counts)
