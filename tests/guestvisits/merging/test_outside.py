"""What a merge does in Discord and in the calendar, through both sandboxes."""

from __future__ import annotations

import pytest

from cohorts.models import CohortStep, Membership, User
from cohorts.services.memberships import end_membership, move_member
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def merge(world: World) -> None:
    params = {
        "source_id": world.group("A").pk,
        "target_id": world.group("B").pk,
        "raise_size": False,
        "facilitators_come": False,
        "guests_come": True,
    }
    wanted = CohortStep(cohort=world.academy.cohort, kind="merge", params=params)
    seen = step_kinds["merge"].preview(wanted, world.now).digest
    ask_for_step("merge", world.academy.cohort.pk, params, seen=seen, by=None, now=world.now)
    world.minute()


def test_members_have_the_new_group_and_read_the_old_one(world: World) -> None:
    merge(world)
    assert world.access("Ada") == {"A"}
    world.pass_time(minutes=10)
    world.minute(2)

    assert world.access("Ada") == {"A", "B"}, "the archive of A, and B"
    assert world.invited("Ada", "B") == [1, 2, 3]
    assert world.invited("Ada", "A") == []
    assert "Group A joins this group" in world.said("B")[-1].replace("**", "")
    assert not any("joined" in text for text in world.said("B")[-1:])
    assert world.troubles() == []
    count = len(world.sandbox.writes())
    world.hour()
    assert len(world.sandbox.writes()) == count

    world.pass_time(days=31)
    world.minute(2)
    assert world.access("Ada") == {"B"}


def test_who_drops_out_after_a_merge_reads_the_old_group_no_longer(world: World) -> None:
    merge(world)
    world.pass_time(minutes=10)
    world.minute(2)
    ada, alan = world.person("Ada"), world.person("Alan")
    end_membership(_active(ada).pk, status=Membership.Status.DROPPED, now=world.now)
    move_member(_active(alan).pk, world.group("C").pk, now=world.now)
    world.minute(2)
    assert world.access("Ada") == set()
    assert world.access("Alan") == {"A", "C"}
    assert world.troubles() == []


def _active(person: User) -> Membership:
    return Membership.objects.get(user=person, status=Membership.Status.ACTIVE)
