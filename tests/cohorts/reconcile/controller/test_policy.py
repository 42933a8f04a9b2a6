"""The reconciler on a provider in memory: what waits for a request or for approval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cohorts import clock
from cohorts.models import Membership, User
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import provider_admins, providers
from cohorts.reconcile.values import Orphans
from tests.cohorts.reconcile.controller.groups import calls_of, change, issues, row, state
from tests.support.cohort import make_cohort, realize, work
from tests.support.in_memory import LinkAdmin, LinkProvider

pytestmark = pytest.mark.django_db


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


@pytest.mark.matrix
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


def test_someone_known_only_by_a_long_address_can_pause(links):
    address = f"{'a' * 60}@{'b' * 180}.example.org"
    services.pause("links", by=User.objects.create_superuser(address), now=clock.now())
    assert state().paused_at
    assert address.startswith(state().paused_by)


def test_while_paused_it_reads_and_writes_nothing(links, ready):
    staff = User.objects.create_superuser("staff@example.org", name="Staff")
    services.pause("links", by=staff, now=clock.now())
    key = change(ready.groups[0])
    assert calls_of(links, lambda: work("links")) == []
    assert row(ready.groups[0]).issue == "paused"
    services.resume("links")
    assert calls_of(links, lambda: work("links")) == [key]
