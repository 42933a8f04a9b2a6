"""The reconciler on a provider in memory: every way in which a call, a run or a group can end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ

from cohorts import clock
from cohorts.models import AccessState, Membership, User
from cohorts.reconcile import services, tasks
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.errors import Conflict, Outage, RateLimited, Refused, Unclear
from cohorts.reconcile.models import GroupSync, ProviderState, SyncAction, SyncRun
from cohorts.reconcile.provider import provider_admins, providers
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.runs.status import Remaining, read_due, update_statuses
from cohorts.reconcile.selectors import read_sync_conditions
from cohorts.reconcile.values import Condition, Orphans, Plan, Review
from cohorts.reconcile.workers import lease
from tests.support.cohort import add_member, make_cohort, realize, work
from tests.support.in_memory import LinkAdmin, LinkProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(links):
    """Groups 1 and 2 with two members each; staff asked for them."""
    made = make_cohort(groups=2, members=2)
    realize(made)
    return made


@pytest.fixture
def ready(made):
    work("links")
    return made


def row(group):
    return GroupSync.objects.get(group=group, provider="links")


def state():
    return ProviderState.objects.get(provider="links")


def issues(made):
    return [row(group).issue for group in made.groups]


def statuses(made):
    return [group.status for group in made.refresh().groups]


def change(group):
    """Add a member; return the key of the call that lets them in."""
    return f"grant:{group.name}:{add_member(group).email}"


def end_wait():
    ProviderState.objects.update(retry_at=None, parked={})


def calls_of(links, action):
    before = len(links.service.calls)
    action()
    return links.service.calls[before:]


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


def once(function):
    """Return a hook that calls the function before the first call alone."""
    todo = [function]
    return lambda _: todo and todo.pop()()


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


def test_many_reported_changes_are_one_observation_and_no_call(links, ready):
    for _ in range(10):
        services.report_outside_change(ready.ids, "links")
    before = links.service.observations
    assert calls_of(links, lambda: work("links")) == []
    assert links.service.observations == before + 1


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


def test_an_outage_waits_as_long_as_the_service_asks(links, made):
    links.service.fail("observe", Outage("503", after=600))
    run_once("links")
    assert state().retry_at > clock.now() + timedelta(minutes=9)


def test_a_call_without_an_answer_in_time_is_unclear(links, made, settings):
    settings.SYNC = {**settings.SYNC, "call_seconds": 0}
    run_once("links")
    assert state().issue == "no_answer"


# -- status ---------------------------------------------------------------------------------------


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
    assert before.healthy == Condition(True, before.health_since)
    assert row(ready.groups[0]).healthy == Condition(False, since[0], "link_missing")
    assert before.health_since < since[0] == since[1]

    services.recreate(ready.ids[:1], "links", by=None, now=clock.now())
    work("links")
    assert issues(ready)[0] == ""
    assert row(ready.groups[0]).healthy.is_met
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


# -- policy ---------------------------------------------------------------------------------------


def test_nothing_is_created_without_a_request(links):
    made = make_cohort(groups=2)
    work("links")
    assert links.service.calls == []
    assert issues(made) == ["needs_infrastructure"] * 2
    services.request_realize(made.ids[:1], by=None, now=clock.now())
    work("links")
    assert sorted(links.service.state.links) == made.ids[:1]


def test_mass_removals_wait_until_staff_approve_the_names(links):
    made = make_cohort(groups=1, members=12)
    realize(made)
    work("links")
    addresses = [person.email for person in made.people[:8]]
    Membership.objects.filter(user__in=made.people[:8]).delete()
    services.resync("links")
    assert calls_of(links, lambda: work("links")) == []
    assert issues(made) == ["removals_held"]
    assert addresses[0] in row(made.groups[0]).issue_detail

    staff = User.objects.create_superuser("staff@example.org", name="Staff")
    services.approve_removals(made.ids[0], "links", addresses[:3], by=staff, now=clock.now())
    assert len(calls_of(links, lambda: work("links"))) == 3
    assert row(made.groups[0]).removals_approved is None  # used once
    assert issues(made) == ["removals_held"]


class Replanning(LinkProvider):
    """Plans all groups again after each call, as a part of the last plan."""

    def replan(self, plan, action, desired, observed, policy):
        return replace(self.plan(desired, observed, policy), groups=frozenset(desired))


def test_a_held_removal_of_a_group_that_is_finished_stays_held_while_others_are_served(
    registered, settings
):
    links = Replanning()
    registered.only(providers, links)
    registered.only(provider_admins, LinkAdmin(links))
    made = make_cohort(groups=2, members=3)
    realize(made)
    work("links")
    held, other = made.groups
    stray = made.people[1]
    Membership.objects.filter(user=stray).delete()
    services.resync("links")
    GroupSync.objects.filter(group=held).update(issue="removals_held")
    key = change(other)
    assert calls_of(links, lambda: work("links")) == [key]
    assert row(held).issue == "removals_held"
    assert (held.pk, stray.email) in links.service.state.guests


def test_removals_on_their_date_wait_for_no_one(links):
    made = make_cohort(groups=1, members=12)
    realize(made)
    work("links")
    Membership.objects.filter(user__in=made.people[:8]).update(
        left_at=clock.now(), status="removed"
    )
    services.resync("links")
    assert len(calls_of(links, lambda: work("links"))) == 8


def test_orphans_of_a_group_hold_up_that_group_except_for_ends_of_access(links, ready):
    first, second = ready.groups
    links.found = {"orphans": Orphans(("a link",), groups=frozenset({first.pk}), unrecorded=1)}
    Membership.objects.filter(user=ready.people[1]).update(left_at=clock.now(), status="removed")
    change(first)
    key = change(second)
    called = calls_of(links, lambda: work("links"))
    assert sorted(called) == sorted([f"revoke:{first.name}:{ready.people[1].email}", key])
    assert issues(ready) == ["orphaned", ""]


def test_many_orphans_stop_everything(links, ready):
    links.found = {"orphans": Orphans(("links",), unrecorded=4)}
    change(ready.groups[0])
    assert calls_of(links, lambda: work("links")) == []
    assert (state().issue, row(ready.groups[0]).issue) == ("many_orphans", "many_orphans")


def test_an_issue_of_the_observation_withholds_every_action(links, ready):
    links.found = {"issue": "link_missing", "detail": "No permission"}
    change(ready.groups[0])
    assert calls_of(links, lambda: work("links")) == []
    assert (state().issue, state().issue_detail) == ("link_missing", "No permission")


def test_while_paused_it_reads_and_writes_nothing(links, ready):
    staff = User.objects.create_superuser("staff@example.org", name="Staff")
    services.pause("links", by=staff, now=clock.now())
    key = change(ready.groups[0])
    assert calls_of(links, lambda: work("links")) == []
    assert row(ready.groups[0]).issue == "paused"
    services.resume("links")
    assert calls_of(links, lambda: work("links")) == [key]


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
