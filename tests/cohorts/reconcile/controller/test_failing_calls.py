"""The reconciler on a provider in memory: every way in which a call can fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from cohorts import clock
from cohorts.models import Membership
from cohorts.reconcile import services, tasks
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.errors import Conflict, Outage, RateLimited, Refused, Unclear
from cohorts.reconcile.models import GroupSync, SyncAction
from cohorts.reconcile.runs import provider_state
from tests.cohorts.reconcile.controller.groups import (
    calls_of,
    change,
    end_wait,
    issues,
    row,
    state,
    statuses,
)
from tests.support.cohort import add_member, work

pytestmark = pytest.mark.django_db


# -- calls that fail ------------------------------------------------------------------------------


def test_a_refused_call_holds_up_its_own_group_alone_and_is_retried(links, made):
    first = made.groups[0]
    links.service.fail(f"create:{first.name}", Refused("Too many links"))
    work("links")
    assert issues(made) == ["refused", ""]
    assert row(first).issue_detail == "link in Group 1: Too many links"
    assert row(first).failures == 1
    assert row(first).next_at < clock.now() + timedelta(minutes=2)
    assert statuses(made) == ["preview", "active"]
    GroupSync.objects.update(next_at=clock.now())
    work("links")
    assert issues(made) == ["", ""]
    assert row(first).failures == 0
    assert statuses(made) == ["active", "active"]


def test_an_issue_that_needs_a_person_is_not_retried_before_the_hourly_comparison(links, made):
    links.service.fail("create:Group 1", Refused("no", code="link_missing"))
    work("links")
    assert row(made.groups[0]).next_at > clock.now() + timedelta(minutes=50)


def test_repeated_failures_double_the_wait(links, made):
    for minutes in (1, 2, 4):
        links.service.fail("create:Group 1", Refused("no"))
        GroupSync.objects.update(next_at=clock.now())
        work("links")
        wait = row(made.groups[0]).next_at - clock.now()
        assert timedelta(minutes=minutes - 0.5) < wait <= timedelta(minutes=minutes)


def test_an_exception_in_a_call_is_a_bug_of_its_own_action(links, made, caplog):
    links.service.fail("create:Group 1", RuntimeError("oops"))
    work("links")
    assert issues(made) == ["bug", ""]
    assert "oops" in caplog.text
    assert SyncAction.objects.get(outcome="failed").error == "RuntimeError"


def test_an_exception_outside_calls_ends_the_run_and_is_the_providers_issue(links, made, caplog):
    links.service.fail("observe", RuntimeError("oops"))
    run_once("links")
    assert state().issue == "bug"
    assert state().holder == ""
    assert "oops" in caplog.text
    end_wait()
    work("links")
    assert state().issue == ""


def test_an_action_that_is_applied_three_times_and_still_differs_is_a_bug(links, made, caplog):
    links.service.fail("create:Group 1", None, times=3)
    work("links")
    assert links.service.calls.count("create:Group 1:link") == 3
    assert issues(made) == ["bug", ""]
    assert "still differs" in caplog.text


@pytest.mark.matrix
def test_an_action_that_each_change_of_facts_asks_for_again_is_no_bug(links, ready, caplog):
    group = ready.groups[0]
    membership = add_member(group).memberships.get()
    changes = [Membership.Status.DROPPED, Membership.Status.ACTIVE] * 3

    def leave_or_return(action):
        if changes and action.group_id == group.pk:
            membership.status = changes.pop(0)
            membership.save()

    links.before_call = leave_or_return
    calls = calls_of(links, lambda: run_once("links"))
    assert [key.partition(":")[0] for key in calls] == ["grant", "revoke"] * 3 + ["grant"]
    assert issues(ready) == ["", ""]
    assert "still differs" not in caplog.text


def test_an_action_that_someone_undoes_each_time_is_given_up_after_three(links, ready):
    group = ready.groups[0]
    change(group)
    links.service.fail("grant:", None, times=9)
    links.before_call = lambda _: services.report_outside_change([group.pk], "links")
    assert len(calls_of(links, lambda: run_once("links"))) == 3
    assert issues(ready) == ["bug", ""]


def test_a_lane_that_the_service_asks_to_wait_is_parked_and_the_others_go_on(links, ready):
    group = ready.groups[0]
    key = change(group)
    links.notes = [(group.pk, "Hello")]
    links.service.fail("grant:", RateLimited(after=60))
    assert sorted(calls_of(links, lambda: work("links"))) == [key, f"send:{group.name}:Hello"]
    assert row(group).issue == "rate_limited"
    assert row(group).failures == 0
    assert timedelta(seconds=50) < row(group).next_at - clock.now() <= timedelta(seconds=60)
    assert state().issue == ""
    assert SyncAction.objects.filter(outcome="failed").count() == 0
    services.resync("links")
    assert calls_of(links, lambda: work("links")) == []
    end_wait()
    services.resync("links")
    assert calls_of(links, lambda: work("links")) == [key]


@pytest.mark.parametrize("took_effect", [True, False])
def test_after_an_unclear_answer_the_next_run_observes_and_nothing_is_made_twice(
    links, made, took_effect
):
    links.service.fail("create:Group 1", Unclear("reset"), took_effect=took_effect)
    run_once("links")
    assert links.service.calls == ["create:Group 1:link"]
    assert (state().issue, state().retry_at) == ("no_answer", None)  # it observes at once
    assert SyncAction.objects.get().outcome == "unknown"
    work("links")
    assert links.service.calls.count("create:Group 1:link") == (1 if took_effect else 2)
    assert statuses(made) == ["active", "active"]
    assert (state().issue, state().failures) == ("", 0)


@pytest.mark.matrix
def test_a_second_unclear_answer_waits_for_a_probe(links, made):
    for _ in range(2):
        links.service.fail("create:", Unclear("reset"))
        run_once("links")
    assert provider_state.is_waiting("links")
    assert run_once("links") is False


def test_a_repeatable_action_gets_one_retry_and_then_fails_alone(links, ready):
    first, second = ready.groups
    key = change(first)
    other = change(second)
    links.service.fail(key, Unclear("reset"), times=2)
    called = calls_of(links, lambda: run_once("links"))
    assert called == [key, key, other]
    assert issues(ready) == ["no_answer", ""]


@pytest.mark.matrix
def test_three_unclear_answers_in_a_row_are_an_outage(links, ready):
    keys = [change(group) for group in (*ready.groups, *ready.groups)]
    links.service.fail("grant:", Unclear("reset"), times=5)
    assert len(calls_of(links, lambda: run_once("links"))) == 3 < len(keys)
    assert state().issue == "no_answer"
    assert issues(ready) == ["", ""]


def test_an_unclear_answer_about_a_message_holds_up_nothing_else(links, ready):
    group = ready.groups[0]
    links.notes = [(group.pk, "Hello")]
    services.request_sync([group.pk])
    change(ready.groups[1])
    links.service.fail("send:", Unclear("reset"))
    run_once("links")
    assert issues(ready) == ["no_answer", ""]
    assert len(links.service.state.guests) == 5
    assert state().issue == ""


@pytest.mark.parametrize(("key", "ends_run"), [("create:Group 1", True), ("grant:Group 1", False)])
def test_a_conflict_is_observed_again_and_then_continues(links, made, key, ends_run):
    links.service.fail(key, Conflict("It changed"))
    run_once("links")
    assert state().issue == ("conflict" if ends_run else "")
    GroupSync.objects.update(next_at=clock.now())
    work("links")
    assert statuses(made) == ["active", "active"]
    assert issues(made) == ["", ""]


# -- outages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["observe", "create:"])
def test_an_outage_is_the_providers_issue_and_ends_with_a_probe(links, made, at):
    links.service.fail(at, Outage("503"))
    run_once("links")
    assert state().issue == "unreachable"
    assert provider_state.is_waiting("links")
    assert [row(group).failures for group in made.groups] == [0, 0]
    before = links.service.observations
    OrmQ.objects.all().delete()
    tasks.sweep()
    assert OrmQ.objects.count() == 0  # no worker is woken before the probe
    assert run_once("links") is False
    assert links.service.observations == before

    end_wait()
    work("links")
    assert (state().issue, state().failures) == ("", 0)
    assert statuses(made) == ["active", "active"]


@pytest.mark.matrix
def test_an_outage_waits_as_long_as_the_service_asks(links, made):
    links.service.fail("observe", Outage("503", after=600))
    run_once("links")
    assert state().retry_at > clock.now() + timedelta(minutes=9)


def test_a_call_without_an_answer_in_time_is_unclear(links, made, settings):
    settings.SYNC = {**settings.SYNC, "call_seconds": 0}
    run_once("links")
    assert state().issue == "no_answer"
