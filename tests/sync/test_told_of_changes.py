"""Whoever listens to the outside tells of a change: what was seen before it settles nothing."""

from __future__ import annotations

import pytest

from cohorts.sync.models import GroupSync, MirrorState
from cohorts.sync.services import notice_outside
from tests.discordsync.standing import outside_id, roles_of
from tests.support.workers import finish, start
from tests.sync.cohort import join, make_cohort, realize, work

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]


def member_lists(sandbox, since):
    return len([c for c in sandbox.calls(since, method="GET") if c["path"].endswith("/members")])


def test_who_joins_in_the_middle_of_a_realize_has_the_role_at_its_end(sandbox):
    made = make_cohort(groups=1, members=2)
    early, late = made.people
    join(sandbox, [early])
    realize(made)
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": 3})
    worker = start("discord")
    sandbox.wait_for_call(held=True)

    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    notice_outside(made.ids, "discord")
    sandbox.set_faults()
    finish(worker)

    assert outside_id(f"role:{made.groups[0].pk}") in roles_of(sandbox, late)
    row = GroupSync.objects.get(mirror="discord")
    assert row.seen == row.wanted


def test_what_is_deleted_while_a_worker_looks_elsewhere_is_reported(sandbox):
    first, second = make_cohort(groups=1, name="First"), make_cohort(groups=1, name="Second")
    join(sandbox, [*first.people, *second.people])
    realize(first)
    work("discord")
    realize(second)
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": 2})
    worker = start("discord")
    sandbox.wait_for_call(held=True)

    channel = outside_id(f"text_channel:{first.groups[0].pk}")
    sandbox.post("delete", {"kind": "channel", "id": channel})
    notice_outside(first.ids, "discord")
    sandbox.set_faults()
    finish(worker)

    row = GroupSync.objects.get(group=first.groups[0])
    assert (row.trouble, row.seen) == ("missing", row.wanted)
    assert second.refresh().groups[0].status == "active"


def test_many_changes_in_a_row_are_one_look(sandbox):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    since = sandbox.last
    for _ in range(10):
        notice_outside(made.ids, "discord")
    work("discord")
    assert member_lists(sandbox, since) == 1
    assert sandbox.writes(since=since) == []


def test_nothing_of_ours_is_no_news(sandbox):
    made = make_cohort(groups=1)
    work("discord")
    before = MirrorState.objects.get(name="discord").changed_outside
    notice_outside([], "discord")
    assert MirrorState.objects.get(name="discord").changed_outside == before
    assert made.groups
