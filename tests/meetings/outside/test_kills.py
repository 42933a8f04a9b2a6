"""An evening of moves, disturbed at every call: the end is the same, and no one is notified twice.

One worker works on both providers, and everything waits for it at once: a slot that changes with a
meeting moved by hand under it, a visit that breaks and one that stays, a meeting put back, one put
last, a week postponed, one more meeting.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.core import mail

from cohorts.models import Membership
from cohorts.reconcile.models import GroupSync
from guestvisits.models import GuestVisit
from tests.guestvisits.effects.world import World
from tests.meetings.outside.failing import FAILING, fail_once, work_through
from tests.meetings.outside.looking import (
    ask,
    assert_all_follow,
    assert_rests,
    emails,
    told_of_moves,
)
from tests.meetings.outside.moves import HOUR, change_slot
from tests.support.kept_worlds import BuildOnce
from tests.support.spread import thin
from tests.support.workers import bury, worker

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = 25  # of the evening; a test below holds the number to the truth
LEADERS = {"A": "Alan", "B": "Bea", "C": "Cleo"}


def ask_for(world: World, group: str, number: int, what: str, **body: Any) -> None:
    meeting = world.meeting(group, number)
    ask(world, LEADERS[group], f"meetings/{meeting.pk}/{what}", **body)


@pytest.fixture
def evening(world: World, build_once: BuildOnce) -> World:
    """What is asked for, and no one has begun to do it."""
    build_once("an evening of moves", lambda: ask_for_all(world))
    return world


def ask_for_all(world: World) -> None:
    Membership.objects.filter(user__name__in=LEADERS.values()).update(role="facilitator")
    world.calendar.respond(world.person("Bea"), "accepted", world.group("B"))
    world.calendar.respond(world.person("Ben"), "declined", world.group("B"), world.meeting("B", 2))
    ask_for(world, "C", 1, "cancel")
    world.book("Carl", "B", 2)  # stays
    world.book("Ada", "B", 1)  # breaks
    later = world.meeting("A", 3).starts_at + 3 * HOUR
    ask_for(world, "A", 3, "reschedule", starts_at=later.isoformat())
    world.minute(2)
    world.calendar.forget_mails()
    mail.outbox.clear()

    change_slot(world, "A", LEADERS["A"])
    moved = world.meeting("B", 1).starts_at + 26 * HOUR
    ask_for(world, "B", 1, "reschedule", starts_at=moved.isoformat())
    ask_for(world, "B", 3, "postpone", later_too=True)
    ask_for(world, "C", 1, "restore")
    ask_for(world, "C", 2, "postpone", later_too=False)
    extra = world.meeting("C", 3).starts_at + 50 * HOUR
    path = f"groups/{world.group('C').pk}/meetings"
    ask(world, LEADERS["C"], path, starts_at=extra.isoformat())
    world.lose_queue()


def assert_as_undisturbed(world: World) -> None:
    assert_all_follow(world)
    assert_told_once(world)
    assert_answers_stand(world)
    assert Counter(world.calendar.mails) == MAILS
    assert_rests(world)


# What Google mails: no one is invited twice, and no one is mailed twice about anything.
MAILS = {
    **{(name, "invitation"): 1 for name in ("ada", "alan", "bea", "ben")},
    **{(name, "invitation"): 3 for name in ("carl", "cleo")},  # back, last, one more
    **{(name, "update"): 1 for name in ("ada", "alan")},  # week 3, which was moved by hand
    **{(name, "update"): 2 for name in ("bea", "ben")},  # week 1, and Ada off its list
    **{(name, "cancellation"): 1 for name in ("bea", "ben", "carl", "cleo")},
    ("alan", "cancellation"): 2,  # the weeks that another series has now
    ("ada", "cancellation"): 3,  # and her visit
}


def assert_told_once(world: World) -> None:
    in_channels = {group: len(told_of_moves(world, group)) for group in LEADERS}
    assert in_channels == {"A": 2, "B": 2, "C": 4}  # one of each was notified before
    assert by_mail("Group A") == ["ada", "alan"]
    assert by_mail("Group B") == ["bea", "bea", "ben", "ben"]
    assert by_mail("Group C") == ["carl"] * 3 + ["cleo"] * 3
    assert [who for who, _ in emails("Your visit to Group B in week 1")] == ["ada"]


def by_mail(group: str) -> list[str]:
    return [who for who, subject in emails(group) if "Your visit" not in subject]


def assert_answers_stand(world: World) -> None:
    """Of group B in week 2, which nothing has touched; and its guest is expected."""
    entries = {one["email"][:4]: one["responseStatus"] for one in world.entries("B", 2)}
    assert entries == {"bea@": "accepted", "ben@": "declined", "carl": "needsAction"}
    visits = GuestVisit.objects.filter(ended_at=None).values_list("user__name", flat=True)
    assert list(visits) == ["Carl"]


def test_the_evening_undisturbed(evening: World) -> None:
    before = evening.sandbox.last
    evening.minute(3)
    assert len(evening.sandbox.writes(before)) == WRITES
    assert_as_undisturbed(evening)


# -- a worker dies -------------------------------------------------------------------------------


def die_after_write(world: World, n: int, **which: Any) -> None:
    """The worker's process is killed right after its n-th write had its effect."""
    world.sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": n, **which})
    with worker("discord", "calendar") as process:
        world.sandbox.wait_for_call(held=True)
        bury(process)
    world.sandbox.set_faults()


@pytest.mark.parametrize("n", thin(range(1, WRITES + 1), always=(14,)))
def test_a_worker_of_both_providers_killed_after_any_write(evening: World, n: int) -> None:
    die_after_write(evening, n)
    evening.minute(3)
    assert_as_undisturbed(evening)


# -- services fail -------------------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.parametrize("every", [2, pytest.param(3, marks=pytest.mark.modes)])
@pytest.mark.parametrize("name", FAILING)
def test_writes_that_fail_again_and_again(evening: World, name: str, every: int) -> None:
    work_through(evening, {**FAILING[name], "wrote": True, "every": every})
    assert_as_undisturbed(evening)


@pytest.mark.matrix
@pytest.mark.parametrize("n", range(1, WRITES // 3 + 1))
def test_any_three_writes_that_fail_once(evening: World, n: int) -> None:
    work_through(evening, *fail_once(FAILING, n, writes=WRITES, apart=WRITES // 3))
    assert_as_undisturbed(evening)


@pytest.mark.matrix
@pytest.mark.parametrize("service", ["google", "discord"])
def test_a_service_that_goes_away_in_the_middle_and_comes_back(evening, service) -> None:
    world = evening
    die_after_write(world, 4, service=service)
    world.sandbox.set_faults({"kind": "unreachable", "service": service})
    world.minute(8)
    assert world.troubles() == ["unreachable"]
    assert not GroupSync.objects.filter(failures__gt=0).exists()
    world.sandbox.set_faults()
    world.minute(3)
    assert_as_undisturbed(world)
