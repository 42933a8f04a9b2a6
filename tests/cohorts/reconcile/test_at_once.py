"""Many workers, many requests, one provider: one of everything."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models.functions import Now

from cohorts import clock
from cohorts.models import Membership
from cohorts.reconcile import services
from cohorts.reconcile.models import ProviderState
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.workers import bury, finish, start, worker
from tests.support.worlds import describe_guild

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]


def names(sandbox):
    """How often each object exists, by kind and name."""
    guild = describe_guild(sandbox.get("state"))
    kinds = ("channels", "roles", "events", "messages")
    return Counter((kind, thing[:2]) for kind in kinds for thing in guild[kind])


def check_one_of_everything(sandbox, made, *, events=2):
    found = names(sandbox)
    assert set(found.values()) == {1}
    kinds = Counter(kind for kind, _ in found)
    groups = len(made.groups)
    assert kinds == {
        "channels": 2 + 2 * groups,
        "roles": 2 + groups,  # @everyone's and the bot's own besides
        "events": events * groups,
        "messages": groups,
    }
    assert {group.status for group in made.refresh().groups} == {"active"}


def test_four_workers_and_six_requests_make_one_of_everything(sandbox):
    made = make_cohort(groups=4, members=3)
    join(sandbox, made.people)

    def request(_):
        try:
            realize(made)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        workers = [start("discord") for _ in range(2)]
        list(pool.map(request, range(6)))
        workers += [start("discord") for _ in range(2)]
    finish(*workers)
    work("discord")

    check_one_of_everything(sandbox, made)


@pytest.mark.matrix
def test_two_groups_realized_by_two_people_share_one_category(sandbox):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    first, second = made.ids
    services.request_realize([first], by=None, now=clock.now())
    one = start("discord")
    services.request_realize([second], by=None, now=clock.now())
    two = start("discord")

    finish(one, two)
    work("discord")

    check_one_of_everything(sandbox, made)


@pytest.mark.matrix
def test_people_added_during_a_realize_get_their_access(sandbox):
    made = make_cohort(groups=3, members=2)
    join(sandbox, made.people)
    realize(made)
    # Held early, so that no group is active before the late members: a later one is announced.
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": 3})
    running = start("discord")
    sandbox.wait_for_call(held=True)
    late = [add_member(group) for group in made.groups]
    join(sandbox, made.people + late)
    sandbox.set_faults()

    finish(running)
    services.resync(
        "discord"
    )  # a person who has joined the guild since is seen by the next observation
    work("discord")

    check_one_of_everything(sandbox, made)
    access = {person for person, _ in describe_guild(sandbox.get("state"))["access"]}
    assert access == {str(person.discord_id) for person in made.people + late}


def test_a_worker_frozen_past_its_lease_starts_no_call_when_it_wakes(sandbox, settings):
    short = {"lease_seconds": 3.0, "renew_below_seconds": 2.5}
    made = make_cohort(groups=3)
    join(sandbox, made.people)
    realize(made)
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": 7})
    with worker("discord", SYNC={**settings.SYNC, **short}) as frozen:
        sandbox.wait_for_call(held=True)
        os.kill(frozen.pid, signal.SIGSTOP)
        wait_for_lease_to_end()
        sandbox.set_faults()
        work("discord")
        stood = describe_guild(sandbox.get("state"))
        seen = sandbox.last

        os.kill(frozen.pid, signal.SIGCONT)
        frozen.join(20)

    assert sandbox.writes(since=seen) == []
    assert describe_guild(sandbox.get("state")) == stood
    check_one_of_everything(sandbox, made)


def wait_for_lease_to_end():
    """Until the database says that the lease is over: the frozen holder cannot renew it."""
    deadline = time.monotonic() + 20
    while ProviderState.objects.filter(provider="discord", lease_until__gt=Now()).exists():
        assert time.monotonic() < deadline, "the lease does not end"


GRANT = re.compile(r"/members/(\d+)/roles/")


@pytest.fixture
def long_realize(sandbox):
    """A realize of 12 groups that has begun and is held, and an active group with a newcomer."""
    made = make_cohort(groups=12, members=8)
    early = make_cohort(groups=1, members=2, name="Autumn", called="Circle")
    newcomer = add_member(early.groups[0])
    Membership.objects.filter(user=newcomer).delete()
    join(sandbox, [*made.people, *early.people, newcomer])
    realize(early)
    work("discord")
    realize(made)
    sandbox.set_faults(
        {"kind": "slow", "wrote": True, "seconds": 0.1},
        {"kind": "hold_after", "path": "/members/", "wrote": True, "nth": 3},
    )
    return early.groups[0], newcomer


def grants_of(calls):
    return [found[1] for call in calls if (found := GRANT.search(call["path"]))]


def test_a_membership_added_in_a_long_realize_is_among_the_next_few_grants(sandbox, long_realize):
    group, newcomer = long_realize
    with worker("discord"):
        sandbox.wait_for_call(held=True)
        Membership.objects.create(user=newcomer, group=group)
        added_at = sandbox.last
        sandbox.set_faults({"kind": "slow", "wrote": True, "seconds": 0.5})
        path = wait_for_grant(sandbox, added_at, newcomer)

    before = grants_of(sandbox.calls(since=added_at)).index(path)
    assert before <= 15  # between two readings of the facts: a second, 5 on a busy machine


def wait_for_grant(sandbox, since, person):
    deadline = time.monotonic() + 20
    while str(person.discord_id) not in grants_of(sandbox.writes(since=since)):
        assert time.monotonic() < deadline, "the grant did not come"
    return str(person.discord_id)


@pytest.mark.matrix
def test_a_membership_added_just_before_the_worker_is_killed_is_granted(sandbox, long_realize):
    group, newcomer = long_realize
    process = start("discord")
    sandbox.wait_for_call(held=True)
    Membership.objects.create(user=newcomer, group=group)
    bury(process)
    sandbox.set_faults()

    finish(start("discord"))

    access = {person for person, _ in describe_guild(sandbox.get("state"))["access"]}
    assert str(newcomer.discord_id) in access
    assert set(names(sandbox).values()) == {1}
