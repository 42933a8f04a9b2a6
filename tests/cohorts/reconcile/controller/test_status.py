"""The reconciler on a provider in memory: what it stores about a group."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import AccessState, Membership
from cohorts.reconcile import services
from cohorts.reconcile.errors import RateLimited, Refused
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.selectors import read_sync_conditions
from cohorts.reconcile.values import Condition
from tests.cohorts.reconcile.controller.groups import calls_of, issues, row
from tests.support.cohort import add_member, work

pytestmark = pytest.mark.django_db


def test_a_group_is_compared_again_when_the_facts_next_change_and_at_least_hourly(links, ready):
    assert row(ready.groups[0]).next_at > clock.now() + timedelta(minutes=59)
    links.next_at = clock.now() + timedelta(minutes=5)
    services.resync("links")
    work("links")
    assert row(ready.groups[0]).next_at == links.next_at


def test_an_issue_keeps_its_time_until_it_is_resolved(links, ready):
    links.service.state = replace(links.service.state, links=frozenset())
    before = row(ready.groups[0])
    since = []
    for _ in range(2):
        services.resync("links")
        work("links")
        since.append(row(ready.groups[0]).health_since)
    assert issues(ready) == ["link_missing", "link_missing"]
    assert before.issue == ""
    assert before.health_since < since[0] == since[1]

    services.recreate(ready.ids[:1], "links", by=None, now=clock.now())
    work("links")
    assert issues(ready)[0] == ""
    assert row(ready.groups[0]).health_since > since[0]


def test_a_group_is_out_of_sync_while_a_change_or_work_waits_and_says_since_when(links, ready):
    group = ready.groups[0]
    at_first = row(group).in_sync(clock.now())
    assert at_first.is_met

    GroupSync.objects.update(next_at=clock.now() - timedelta(minutes=1))  # the hourly comparison
    assert row(group).in_sync(clock.now()) == Condition(False, row(group).next_at, "due")
    work("links")
    assert row(group).in_sync(clock.now()) == at_first, "it found nothing to do"

    add_member(group)
    services.request_sync([group.pk])
    changed = row(group).in_sync(clock.now())
    assert (changed.is_met, changed.reason) == (False, "changed")
    services.request_sync([group.pk])
    assert row(group).in_sync(clock.now()) == changed, "since the first of several changes"
    assert read_sync_conditions(clock.now())["links"] == replace(changed, reason="")

    links.service.fail("grant", RateLimited(60))
    work("links")
    assert row(group).in_sync(clock.now()) == replace(changed, reason="rate_limited")
    ProviderState.objects.update(parked={})
    services.request_sync([group.pk])
    work("links")
    again = row(group).in_sync(clock.now())
    assert again.is_met
    assert again.since > changed.since
    assert read_sync_conditions(clock.now())["links"].is_met


def test_access_on_its_way_says_what_blocks_it(links, made):
    links.service.fail("grant:Group 1", Refused("Not invited"))
    work("links")
    blocked = AccessState.objects.exclude(state="granted").get()
    assert (blocked.state, blocked.group) == ("failed", made.groups[0])


def test_facts_that_were_not_announced_are_found_by_the_next_comparison(links, ready):
    Membership.objects.filter(user=ready.people[1]).update(left_at=clock.now(), status="removed")
    assert calls_of(links, lambda: work("links")) == []
    GroupSync.objects.update(next_at=clock.now())
    assert len(calls_of(links, lambda: work("links"))) == 1
