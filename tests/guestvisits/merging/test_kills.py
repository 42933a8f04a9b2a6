"""A merge that has taken effect, disturbed at every call: the end is the same, no one hears twice.

Fay leads group A, which is merged into group B. In week 1 Cleo visits A, and Ada visits C; in week
2 Alan visits B. One worker works on both providers, and everything waits for it at once.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from django.core import mail

from cohorts.models import CohortStep, Membership
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from cohorts.steps.tasks import carry_out_due
from discordsync.state import permissions
from guestvisits.services.updating import update_all_visits
from tests.guestvisits.effects.world import World
from tests.meetings.outside import failing
from tests.meetings.outside.failing import fail_once, work_through
from tests.meetings.outside.looking import assert_rests, events, times
from tests.support.kept_worlds import BuildOnce
from tests.support.spread import thin
from tests.support.workers import bury, worker

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = 23  # of the merge; a test below holds the number to the truth
SAMPLE = [19]  # the kill that always runs is amid Google's writes


@pytest.fixture
def merged(world: World, build_once: BuildOnce) -> World:
    """The merge has taken effect, and no one has begun to do anything about it."""
    build_once("a merge of A into B", lambda: merge(world))
    return world


def merge(world: World) -> None:
    fay = world.add("Fay", "A")
    Membership.objects.filter(user=fay).update(role="facilitator")
    world.minute()
    world.book("Cleo", "A", 1)
    world.book("Ada", "C", 1)
    world.book("Alan", "B", 2)
    world.minute(2)
    world.calendar.forget_mails()
    mail.outbox.clear()

    step = ask_for_merge(world)
    world.minute()
    world.move_clock(step.due_at)
    assert carry_out_due(world.now) == 1
    update_all_visits(world.now)
    world.lose_queue()


def ask_for_merge(world: World) -> CohortStep:
    params = {
        "source_id": world.group("A").pk,
        "target_id": world.group("B").pk,
        "raise_size": False,
        "facilitators_come": True,
        "guests_come": True,
    }
    cohort = world.academy.cohort
    wanted = CohortStep(cohort=cohort, kind="merge", params=params)
    seen = step_kinds["merge"].preview(wanted, world.now).digest
    return ask_for_step("merge", cohort.pk, params, seen=seen, by=None, now=world.now)


# -- what is true afterwards ---------------------------------------------------------------------


def assert_as_undisturbed(world: World) -> None:
    assert_access(world)
    assert_overwrites(world)
    assert_invited(world)
    assert events(world, "A") == []
    for group in "BC":
        assert events(world, group) == times(world.meeting(group, week) for week in (1, 2))
    assert_told_once(world)
    assert world.troubles() == []
    assert_rests(world)


def assert_access(world: World) -> None:
    found = {name: world.access(name) for name in ACCESS}
    assert found == {name: set(groups) for name, groups in ACCESS.items()}


ACCESS = {
    "Ada": "ABC",  # the archive, her new group, and her visit
    "Alan": "AB",
    "Fay": "AB",
    "Bea": "B",
    "Ben": "B",
    "Cleo": "BC",  # her visit is to B now
    "Carl": "C",
}


def assert_overwrites(world: World) -> None:
    """Fay leads B now. In A nobody has rights of their own, and its role can only read."""
    guild, fay = world.sandbox.get("state")["discord"], str(world.person("Fay").discord_id)
    channels = {channel["name"]: channel["overwrites"] for channel in guild["channels"].values()}
    mine = {name: int(found[fay]["allow"]) for name, found in channels.items() if fay in found}
    assert mine == {
        "group-b": permissions.FACILITATOR_TEXT,
        "Group B voice": permissions.FACILITATOR_VOICE,
    }
    (role,) = (pk for pk, one in guild["roles"].items() if one["name"].startswith("Group A"))
    reading = permissions.VIEW_CHANNEL | permissions.READ_MESSAGE_HISTORY
    for name in ("group-a", "Group A voice", "autumn"):
        assert int(channels[name][role]["allow"]) == reading
        assert int(channels[name][role]["deny"]) & permissions.SEND_MESSAGES


def assert_invited(world: World) -> None:
    """Everyone once, to each meeting of the own group and to the one that they visit."""
    weeks = [1, 2, 3]
    for name in ("Ada", "Alan", "Fay", "Bea", "Ben"):
        assert world.invited(name, "A") == []
        assert world.invited(name, "B") == weeks, name
    assert world.invited("Ada", "C") == [1]
    assert [world.invited("Cleo", group) for group in "ABC"] == [[], [1], weeks]
    assert Counter(world.calendar.mails) == MAILS


# What Google mails: no one is invited twice, and no one is mailed twice about anything.
MAILS = {
    **{(name, "invitation"): 1 for name in ("ada", "alan", "fay", "cleo")},
    **{(name, "update"): 1 for name in ("ada", "alan", "fay")},  # week 1, which has a guest
    **{(name, "update"): 2 for name in ("bea", "ben")},  # and week 2, which had one
    **{(name, "cancellation"): 3 for name in ("ada", "alan", "fay")},  # the meetings of A
    ("cleo", "cancellation"): 1,  # and her visit to it
}


def assert_told_once(world: World) -> None:
    """One letter for each person, and one post in each channel."""
    assert sorted((one.to[0], one.subject) for one in mail.outbox) == [
        (f"{name}@example.org", "Group A now meets with Group B")
        for name in ("ada", "alan", "cleo", "fay")
    ]
    assert said_since(world, "A", "Group A now") == [
        "Group A now meets with Group B\nThis channel can be read for a while."
    ]
    assert said_since(world, "B", "Group A joins") == [
        "Group A joins this group\nWelcome Fay, Ada, Alan!\nGuests: Cleo (week 1)"
    ]
    assert world.told("A") == ["Cleo is joining", "Ada is away"]
    assert world.told("B") == ["Ada is away"]
    assert world.told("C") == ["Cleo is away", "Ada is joining"]
    assert not any("joined" in text for text in world.said("B"))


def said_since(world: World, group: str, beginning: str) -> list[str]:
    """Return what a channel reads that begins so, without Discord's markup."""
    texts = [re.sub(r"\*\*|\\", "", text) for text in world.said(group)]
    assert len(texts) == TEXTS[group], texts
    return [text for text in texts if text.startswith(beginning)]


TEXTS = {"A": 5, "B": 3}  # the welcome, Fay's in A, what is told of visits, and the merge


@pytest.mark.matrix
def test_the_merge_undisturbed(merged: World) -> None:
    before = merged.sandbox.last
    merged.minute(3)
    assert len(merged.sandbox.writes(before)) == WRITES
    assert_as_undisturbed(merged)


# -- a worker dies -------------------------------------------------------------------------------


def check_killed_at(world: World, n: int, kind: str) -> None:
    """The worker's process is killed before (hold) or after its n-th write had its effect."""
    world.sandbox.set_faults({"kind": kind, "wrote": True, "nth": n})
    with worker("discord", "calendar") as process:
        world.sandbox.wait_for_call(held=True)
        bury(process)
    world.sandbox.set_faults()
    world.minute(3)
    assert_as_undisturbed(world)


@pytest.mark.parametrize("n", thin(range(1, WRITES + 1), always=SAMPLE))
def test_a_worker_killed_after_any_write_of_a_merge(merged: World, n: int) -> None:
    check_killed_at(merged, n, "hold_after")


@pytest.mark.parametrize("n", thin(range(1, WRITES + 1)))
def test_a_worker_killed_before_any_write_of_a_merge(merged: World, n: int) -> None:
    check_killed_at(merged, n, "hold")


# -- services fail -------------------------------------------------------------------------------

FAILING = {name: kind for name, kind in failing.FAILING.items() if name != "errors"}


@pytest.mark.matrix
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "answers are lost" else pytest.mark.matrix)
        for name in FAILING
        if name != "too many calls"  # five in a row for one call are taken for a ban
    ],
)
def test_every_other_write_of_a_merge_fails(merged: World, name: str) -> None:
    work_through(merged, {**FAILING[name], "wrote": True, "every": 2})
    assert_as_undisturbed(merged)


@pytest.mark.matrix
@pytest.mark.parametrize("n", range(1, WRITES // 3 + 1))
def test_any_three_writes_of_a_merge_fail_once(merged: World, n: int) -> None:
    work_through(merged, *fail_once(FAILING, n, writes=WRITES, apart=WRITES // 3))
    assert_as_undisturbed(merged)
