"""On a change of group the old access goes before the new comes, and never holds it up."""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.models import AccessState, Membership
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.services import resync
from cohorts.services.memberships import move_member
from discordsync.models import DiscordObject
from tests.support.cohort import work
from tests.support.spread import thin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@pytest.fixture
def made(two_groups):
    return two_groups


def move(made, place=1):
    """The second member of the first group goes to the second group; returns the person."""
    person = made.people[place]
    membership = Membership.objects.get(user=person, status="active")
    move_member(membership.pk, made.groups[1].pk, now=clock.now())
    return person


def role_of(group):
    return DiscordObject.objects.get(key=f"role:{group.pk}").outside_id


def roles_of(sandbox, person):
    return set(sandbox.get("state")["discord"]["members"][str(person.discord_id)]["roles"])


def role_changes(sandbox, since):
    return [
        (call["method"], int(call["path"].rpartition("/")[2]))
        for call in sandbox.writes(since=since)
        if "/roles/" in call["path"]
    ]


def test_the_old_role_goes_before_the_new_one_comes(sandbox, made):
    seen = sandbox.last
    move(made)
    work("discord")

    old, new = map(role_of, made.groups)
    assert role_changes(sandbox, seen) == [("DELETE", old), ("PUT", new)]


def test_also_where_something_is_to_be_said_in_the_old_group_first(sandbox, made):
    old, new = made.groups
    Message.objects.create(
        key="farewell",
        kind="welcome",
        channel="discord_channel",
        group=old,
        body="Somebody has left.",
        due_at=clock.now(),
        next_try_at=clock.now(),
        cutoff_at=clock.now().replace(year=clock.now().year + 1),
    )
    sandbox.set_faults({"kind": "slow", "seconds": 0.5, "path": "/messages$", "method": "POST"})
    seen = sandbox.last
    move(made)
    work("discord")

    assert role_changes(sandbox, seen) == [("DELETE", role_of(old)), ("PUT", role_of(new))]
    assert Message.objects.get(key="farewell").state == "sent"


FAILURES = {
    "forbidden": {"kind": "error", "status": 403, "code": 50013},
    "vanished": {"kind": "error", "status": 404, "code": 10007},
    "broken": {"kind": "error", "status": 500},
    "unanswered": {"kind": "drop"},
}


@pytest.mark.parametrize("failure", thin(FAILURES, every=1, always=["forbidden"]))
def test_a_failure_in_the_old_group_never_blocks_the_new(sandbox, made, failure):
    old, new = made.groups
    sandbox.set_faults({**FAILURES[failure], "method": "DELETE", "path": "/roles/"})
    person = move(made)
    work("discord")

    assert roles_of(sandbox, person) == {str(role_of(old)), str(role_of(new))}
    assert GroupSync.objects.get(group=old, provider="discord").issue != ""
    assert GroupSync.objects.get(group=new, provider="discord").issue == ""
    state = AccessState.objects.get(user=person, group=new, provider="discord")
    assert state.state == AccessState.State.GRANTED

    sandbox.set_faults()
    resync("discord")
    work("discord")
    assert roles_of(sandbox, person) == {str(role_of(new))}
