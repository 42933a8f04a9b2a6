"""Whoever listens to the outside tells of a change: what was seen before it settles nothing."""

from __future__ import annotations

import pytest

from cohorts.reconcile.models import ProviderState, SyncRun
from cohorts.reconcile.services import report_outside_change, request_plan, request_sync
from tests.discordsync.guild_state import outside_id, roles_of
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.processes import wait_until
from tests.support.workers import finish, start

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]


def member_lists(sandbox, since):
    return len([c for c in sandbox.calls(since, method="GET") if c["path"].endswith("/members")])


def wait_for_a_look():
    """The worker reads what is due and answers plans in one go."""
    (run,) = request_plan([], as_if_requested=False)
    asked = SyncRun.objects.filter(pk=run.pk, ended_at__isnull=False)
    wait_until(asked.exists, 30, "the worker did not look")


def test_who_joins_while_a_worker_is_at_another_group_has_the_role_at_its_end(sandbox, settings):
    """Nothing else makes the worker look once more: what it gives back is all there is to do."""
    settings.SYNC = {**settings.SYNC, "read_seconds": 0.05}
    made = make_cohort(groups=2, members=2)
    _, late, busy, _ = made.people
    join(sandbox, [person for person in made.people if person != late])
    realize(made)
    work("discord")
    role = outside_id(f"role:{made.groups[1].pk}")
    sandbox.post("revoke", {"member": str(busy.discord_id), "role": role})
    request_sync([made.groups[1].pk], providers=["discord"])
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": 1})
    worker = start("discord")
    sandbox.wait_for_call(held=True)

    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    report_outside_change([made.groups[0].pk], "discord")
    for _ in range(2):
        wait_for_a_look()
    sandbox.set_faults()
    finish(worker)

    assert outside_id(f"role:{made.groups[0].pk}") in roles_of(sandbox, late)
    assert role in roles_of(sandbox, busy)


def test_many_changes_in_a_row_are_one_look(sandbox):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    since = sandbox.last
    for _ in range(10):
        report_outside_change(made.ids, "discord")
    work("discord")
    assert member_lists(sandbox, since) == 1
    assert sandbox.writes(since=since) == []


def test_nothing_of_ours_is_no_news(sandbox):
    made = make_cohort(groups=1)
    work("discord")
    before = ProviderState.objects.get(provider="discord").changed_outside
    report_outside_change([], "discord")
    assert ProviderState.objects.get(provider="discord").changed_outside == before
    assert made.groups
