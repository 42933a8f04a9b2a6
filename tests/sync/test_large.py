"""A large cohort: 40 groups of 8 with 8 meetings, under the limits that Discord is known for."""

from __future__ import annotations

from collections import Counter

import pytest

from cohorts.sync.models import SyncAction
from tests.support.worlds import describe_guild
from tests.sync.cohort import join, make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

SCALE = 0.005  # the windows of all limits are 200 times shorter than the real ones


def test_a_large_cohort_is_realized_under_rate_limits_without_a_failure(sandbox):
    made = make_cohort(groups=40, members=8, meetings=8)
    join(sandbox, made.people)
    sandbox.set_limits(discord=True, scale=SCALE)
    realize(made)

    work("discord")

    guild = describe_guild(sandbox.get("state"))
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert set(SyncAction.objects.values_list("outcome", flat=True)) == {"done"}
    assert Counter(channel[0] for channel in guild["channels"]) == {4: 2, 0: 41, 2: 40}
    assert len(guild["access"]) == 320
    assert len(guild["events"]) == 80
    assert len(guild["messages"]) == 40
