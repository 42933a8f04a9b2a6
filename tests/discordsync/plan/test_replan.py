"""Planning again only what an outcome concerns gives what planning everything would give."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohorts.reconcile.runs.planned_work import PlannedWork
from cohorts.reconcile.values import Action, Plan, Policy
from discordsync.plan.replan import replan
from discordsync.state.desired_state import DesiredGuild
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
from tests.discordsync.inprocess import Guild, work
from tests.discordsync.plan.test_plan import in_any_order, present_people, start
from tests.discordsync.strategies import (
    EVERYBODY,
    NOW,
    PEOPLE,
    complete,
    snapshots,
    with_records_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NOTHING = Plan()
some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


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


@some
@given(facts=varied_snapshots(), present=present_people, data=st.data())
def test_realizing_part_by_part_leaves_what_whole_plans_leave(facts, present, data):
    asked = data.draw(st.sets(st.sampled_from(sorted(facts.groups))))

    work(
        start(present), facts, NOW, may_create=asked, choose=in_any_order(data), watch=PartByPart()
    )


@some
@given(before=snapshots(), after=varied_snapshots(), hands=meddling, data=st.data())
def test_any_change_is_followed_part_by_part(before, after, hands, data):
    guild: Guild = start()
    facts = with_records_of(after, work(guild, before, NOW).facts)
    facts = replace(facts, hidden=after.hidden, new_dm_channels=after.new_dm_channels)
    meddle(guild, hands, data)
    due = data.draw(st.sets(st.sampled_from(sorted(facts.groups))))

    work(guild, facts, NOW, groups=due, choose=in_any_order(data), watch=PartByPart())


def test_realizing_a_cohort_needs_few_whole_plans():
    watch = PartByPart()
    groups = {
        pk: DiscordGroup(
            pk, 1, f"Group {pk}", pk, live=True, active=True, has_slot=True, members=MEMBERS
        )
        for pk in range(6)
    }

    done = work(start(EVERYBODY), complete(groups), NOW, watch=watch).done

    assert watch.counts["whole"] == 3, "at first, and after the category and the cohort's channel"
    assert watch.counts["part"] == len(done) - 2
