"""Whole cohorts under the limits that Discord is known for; a large one is 40 groups of 8."""

from __future__ import annotations

from collections import Counter

import pytest

from cohorts.reconcile.models import GroupSync, SyncAction
from tests.discordsync.guild_state import outside_id
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

SCALE = 0.005  # the windows of all limits are 200 times shorter than the real ones


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("groups", "members"), [(26, 2), pytest.param(40, 8, marks=pytest.mark.matrix)]
)
def test_a_large_cohort_is_realized_under_rate_limits_without_a_failure(sandbox, groups, members):
    """Its channels fill two categories: 24 groups and the cohort's own channel, then the rest."""
    made = make_cohort(groups=groups, members=members, meetings=8)
    join(sandbox, made.people)
    sandbox.set_limits(discord=True, scale=SCALE)
    realize(made)

    work("discord")

    state = sandbox.get("state")
    guild = describe_guild(state)
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert set(SyncAction.objects.values_list("outcome", flat=True)) == {"done"}
    kinds = Counter(channel[0] for channel in guild["channels"])
    assert kinds == {4: 2, 0: groups + 1, 2: groups}
    first, second = (outside_id(f"category:{made.cohort.pk}:{n}") for n in (1, 2))
    channels = state["discord"]["channels"].values()
    assert sum(channel["parent_id"] == first for channel in channels) == 49
    assert {c["name"] for c in channels if c["parent_id"] == second} == {
        name for n in range(25, groups + 1) for name in (f"group-{n}", f"Group {n} voice")
    }
    assert len(guild["access"]) == groups * members
    assert len(guild["events"]) == 2 * groups
    assert len(guild["messages"]) == groups


# Recorded from the real service: limit 250, remaining 223, reset after 101,995 seconds.
NEW_ROLES = {
    "name": "new roles",
    "method": "POST",
    "path": r"^/guilds/(\d+)/roles$",
    "limit": 250,
    "window": 101_995,
    "spent": 26,
}


@pytest.mark.parametrize("groups", [3, pytest.param(40, marks=pytest.mark.matrix)])
def test_b8_a_bucket_that_is_reset_tomorrow_is_used_as_long_as_calls_are_left(sandbox, groups):
    made = make_cohort(groups=groups, members=2)
    join(sandbox, made.people)
    sandbox.set_limits(discord={"rules": [NEW_ROLES]})
    realize(made)

    work("discord")

    assert {group.status for group in made.refresh().groups} == {"active"}
    assert sandbox.get("state")["limits"]["refused_calls"] == {}


def test_b8_a_bucket_without_calls_left_waits_until_its_reset(sandbox):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people)
    sandbox.set_limits(discord={"rules": [NEW_ROLES | {"spent": 249}]})
    realize(made)

    work("discord")

    assert sum(r["bot_id"] is None for r in sandbox.get("state")["discord"]["roles"].values()) == 2
    assert {"rate_limited"} == set(
        GroupSync.objects.exclude(issue="").values_list("issue", flat=True)
    )
    assert not sandbox.calls(status=429)
