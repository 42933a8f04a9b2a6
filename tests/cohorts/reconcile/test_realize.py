"""Realizing over real HTTP: what exists afterwards, and what it cost."""

from collections import Counter

import pytest

from cohorts.reconcile.services import resync
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

SIZES = [3, pytest.param(40, marks=pytest.mark.matrix)]


def count(calls):
    """How often each kind of write was made."""
    shape = [
        (c["method"], "/".join(p for p in c["path"].split("/")[3:] if not p.isdecimal()))
        for c in calls
    ]
    return Counter(shape)


@pytest.mark.parametrize("groups", SIZES)
def test_realizing_makes_one_call_per_object_and_no_more(sandbox, groups):
    made = make_cohort(groups=groups, members=3, meetings=3)
    join(sandbox, made.people)
    realize(made)

    work("discord")

    assert {group.status for group in made.refresh().groups} == {"active"}
    categories = -(-groups // 24)
    events = min(2 * groups, 100)  # two of the three weeks lie within the horizon
    assert count(sandbox.writes(service="discord")) == {
        ("POST", "guilds/channels"): categories + 1 + 2 * groups,
        ("POST", "guilds/roles"): groups,
        ("PUT", "channels/permissions"): groups,
        ("PUT", "guilds/members/roles"): 3 * groups,
        ("POST", "guilds/scheduled-events"): events,
        ("POST", "channels/messages"): groups,
    }


@pytest.mark.parametrize("groups", SIZES)
def test_a_second_sync_writes_nothing_and_reads_the_same_for_any_number_of_groups(sandbox, groups):
    made = make_cohort(groups=groups, members=3)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    seen = sandbox.last

    resync("discord")
    work("discord")

    assert sandbox.writes(since=seen) == []
    assert len(sandbox.calls(since=seen, service="discord")) == 6
