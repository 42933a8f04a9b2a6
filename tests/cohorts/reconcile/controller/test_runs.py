"""The reconciler on a provider in memory: what a run does, and what happens during one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ

from cohorts import clock
from cohorts.models import AccessState, Membership
from cohorts.reconcile import services
from cohorts.reconcile.controller import Reconciler, run_once
from cohorts.reconcile.errors import Outage, Refused
from cohorts.reconcile.models import GroupSync, ProviderState, SyncRun
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.runs.planned_work import Remaining
from cohorts.reconcile.runs.provider_state import read_due
from cohorts.reconcile.runs.status import update_statuses
from cohorts.reconcile.values import Plan, Review
from cohorts.reconcile.workers import lease
from tests.cohorts.reconcile.controller.groups import (
    calls_of,
    change,
    end_wait,
    once,
    row,
    state,
    statuses,
)
from tests.support.cohort import add_member, make_cohort, work

pytestmark = pytest.mark.django_db


# -- a run ----------------------------------------------------------------------------------------


def test_a_realize_creates_everything_once_and_a_second_run_writes_nothing(links, ready):
    assert sorted(links.service.state.links) == ready.ids
    assert len(links.service.state.guests) == len(ready.people)
    assert len(links.service.calls) == len(set(links.service.calls)) == 2 + len(ready.people)
    assert statuses(ready) == ["active", "active"]
    assert all(row(group).ready_at for group in ready.groups)
    assert all(row(group).realize_requested_at is None for group in ready.groups)
    assert set(AccessState.objects.values_list("state", flat=True)) == {"granted"}
    services.resync("links")
    assert calls_of(links, lambda: work("links")) == []


def test_a_person_is_let_in_only_after_the_link_exists(links, made):
    work("links")
    for group in made.groups:
        own = [key for key in links.service.calls if f":{group.name}:" in key]
        assert own[0] == f"create:{group.name}:link"


def test_lanes_run_concurrently_and_each_one_call_at_a_time(links, ready):
    links.notes = [(pk, "Hello") for pk in ready.ids]  # LinkService.call refuses a second in a lane
    for group in ready.groups:
        change(group)
    links.service.most_running = 0
    work("links")
    assert links.service.most_running == 2


def test_within_a_lane_the_lowest_rank_is_first(links, ready):
    group = ready.groups[0]
    Membership.objects.filter(user=ready.people[1]).update(left_at=clock.now(), status="removed")
    key = change(group)
    assert calls_of(links, lambda: work("links")) == [
        f"revoke:{group.name}:{ready.people[1].email}",
        key,
    ]


def test_a_farewell_is_tried_before_access_ends_and_does_not_hold_it_up(links, ready):
    group, leaver = ready.groups[0], ready.people[1]
    links.notes = [(group.pk, "Farewell")]
    links.service.fail("send:", Refused("closed"))
    Membership.objects.filter(user=leaver).update(left_at=clock.now(), status="removed")
    services.resync("links")
    assert calls_of(links, lambda: run_once("links")) == [
        f"send:{group.name}:Farewell",
        f"revoke:{group.name}:{leaver.email}",
    ]
    assert row(group).issue == "refused"


def test_a_provider_that_is_not_configured_is_off(links, made):
    links.spec = replace(links.spec, scope="")
    assert run_once("links") is False
    assert links.service.observations == 0


def test_work_that_stores_itself_is_collected_before_its_group_is_planned(links, ready):
    def collect(group_ids, now):
        new = [(pk, "Welcome") for pk in group_ids if (pk, "Welcome") not in links.notes]
        links.notes += new
        services.request_sync([pk for pk, _ in new])
        return len(new)

    links.collect = collect
    services.request_sync(ready.ids[:1])
    assert calls_of(links, lambda: run_once("links")) == [f"send:{ready.groups[0].name}:Welcome"]
    assert not provider_state.has_work("links", clock.now())


# -- changes during a run -------------------------------------------------------------------------


def test_a_change_of_facts_during_a_call_is_served_in_the_same_run(links, ready):
    first, second = ready.groups
    change(first)
    late = []
    links.before_call = once(lambda: late.append(change(second)))
    assert run_once("links")
    assert links.service.calls[-1] == late[0]
    assert links.service.observations == 2  # one a run
    assert not provider_state.has_work("links", clock.now())


def test_access_that_ends_during_its_grant_is_revoked_in_the_same_run(links, ready):
    group = ready.groups[0]
    membership = add_member(group).memberships.get()

    def leave():
        membership.status = Membership.Status.DROPPED
        membership.save()

    links.before_call = once(leave)
    calls = calls_of(links, lambda: run_once("links"))
    assert [key.partition(":")[0] for key in calls] == ["grant", "revoke"]
    assert (group.pk, membership.user.email) not in links.service.state.guests


def test_a_change_that_a_lost_run_had_not_served_makes_its_group_due_again(links, ready):
    group = ready.groups[0]
    key = change(group)
    links.service.fail(key, Outage("down"))
    run_once("links")
    assert row(group).generation > row(group).observed_generation
    end_wait()
    assert calls_of(links, lambda: work("links")) == [key]


def test_a_change_outside_during_a_call_is_observed_before_the_group_is_finished(links, ready):
    first, second = ready.groups
    change(second)

    def revoke_by_hand():
        guest = (first.pk, ready.people[0].email)
        links.service.state = replace(
            links.service.state, guests=links.service.state.guests - {guest}
        )
        services.report_outside_change([first.pk], "links")

    links.before_call = once(revoke_by_hand)
    run_once("links")
    assert links.service.observations == 3  # the realize, this run, and again
    assert len(links.service.state.guests) == 5
    assert not provider_state.has_work("links", clock.now())


def test_a_request_made_during_a_comparison_outlives_it(links, ready):
    group = ready.groups[0]
    services.request_sync([group.pk])
    due = read_due("links", clock.now())[group.pk]
    GroupSync.objects.filter(group=group).update(realize_requested_at=clock.now())
    services.request_sync([group.pk])
    nothing_left = Remaining.of(Plan(), {}, {})
    finish = partial(update_statuses, "links", remaining=nothing_left, now=clock.now())
    finish([(due, Review(ready=True))])
    assert row(group).realize_requested_at is not None
    finish([(read_due("links", clock.now())[group.pk], Review(ready=True))])
    assert row(group).realize_requested_at is None


@pytest.mark.matrix
def test_many_reported_changes_are_one_observation_and_no_call(links, ready):
    for _ in range(10):
        services.report_outside_change(ready.ids, "links")
    before = links.service.observations
    assert calls_of(links, lambda: work("links")) == []
    assert links.service.observations == before + 1


@pytest.mark.matrix
def test_a_change_of_nothing_of_ours_is_not_counted(links, ready):
    before = state().changed_outside
    services.report_outside_change([], "links")
    assert state().changed_outside == before
    assert not provider_state.has_work("links", clock.now())


# -- the lease ------------------------------------------------------------------------------------


def test_a_provider_that_another_worker_holds_is_left_to_it(links, made):
    held = lease.take("links")
    assert run_once("links") is False
    assert links.service.calls == []
    held.release()
    assert run_once("links") is True
    assert state().holder == ""


def test_a_run_that_lost_its_lease_starts_no_call_and_records_the_one_in_flight(
    links, made, settings
):
    settings.SYNC = {**settings.SYNC, "renew_below_seconds": 1000}  # renewed before each call

    def take_over():
        ProviderState.objects.update(token=state().token + 1, holder="another/1")

    links.before_call = once(take_over)
    assert run_once("links")
    assert links.service.calls == [f"create:{made.groups[0].name}:link"]
    assert links.recorded == {made.ids[0]}
    assert state().holder == "another/1"  # and does not release what is another's
    ProviderState.objects.update(holder="", lease_until=None)
    work("links")
    assert len(links.service.calls) == 2 + len(made.people)


def test_a_run_whose_lease_expired_while_it_compared_stores_no_status(links, ready, monkeypatch):
    services.resync("links")
    held, review = lease.take("links"), links.review

    def review_and_freeze(*args):
        held.good_until = float("-inf")
        return review(*args)

    monkeypatch.setattr(links, "review", review_and_freeze)
    Reconciler(links, held).run_once()
    assert all(row(group).is_due(clock.now()) for group in ready.groups)
    assert links.service.observations == 2, "the second run compared"


def test_a_run_whose_lease_expired_while_it_observed_stores_no_observation(
    links, ready, monkeypatch
):
    """Another worker may have stored a newer one."""
    held, observe = lease.take("links"), links.observe

    async def observe_and_freeze(*args):
        held.good_until = float("-inf")
        return await observe(*args)

    monkeypatch.setattr(links, "observe", observe_and_freeze)
    links.recorded.clear()
    Reconciler(links, held).run_once()
    assert links.recorded == set()


def test_a_lease_that_has_expired_is_taken_over(links, made):
    lease.take("links")
    ProviderState.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert run_once("links")


def test_work_that_became_due_after_the_last_read_is_queued_when_the_lease_is_released(
    links, made, settings
):
    settings.SYNC = {**settings.SYNC, "run_seconds": 0}
    OrmQ.objects.all().delete()
    assert run_once("links")
    assert links.service.calls == []
    assert OrmQ.objects.count() == 1


# -- polls and plans ------------------------------------------------------------------------------


def test_a_poll_observes_though_no_group_is_due(links, ready):
    links.spec = replace(links.spec, poll_every=timedelta(minutes=3))
    services.resync("links")
    work("links")
    before = links.service.observations
    assert not provider_state.has_work("links", clock.now())
    assert state().next_at > clock.now() + timedelta(minutes=2)
    ProviderState.objects.update(next_at=clock.now())
    assert run_once("links")
    assert links.service.observations == before + 1
    assert not provider_state.has_work("links", clock.now())


def test_a_plan_is_answered_and_carries_nothing_out(links):
    made = make_cohort(groups=1)
    (run,) = services.request_plan(made.ids, as_if_requested=True)
    assert calls_of(links, lambda: run_once("links", plans_only=True)) == []
    run.refresh_from_db()
    assert run.ended_at
    assert [row["verb"] for row in run.summary["actions"]] == ["create", "grant", "grant"]
    assert run.summary["budget"][0]["adds"] == 1
    assert GroupSync.objects.filter(observed_generation=0).count() == 1


def test_a_run_that_changed_something_is_in_the_run_log(links, made):
    work("links")
    run = SyncRun.objects.get()
    assert run.summary == {"left": 0, "done": 2 + len(made.people)}
    assert run.ended_at
    assert set(run.actions.values_list("verb", flat=True)) == {"create", "grant"}
