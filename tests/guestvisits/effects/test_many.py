"""Many visits at once: the guard knows dates, and an answer with holes removes no one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.reconcile.models import GroupSync
from guestvisits.models import GuestVisit
from tests.guestvisits.effects.world import World
from tests.support.kept_worlds import BuildOnce

pytestmark = pytest.mark.django_db(transaction=True)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
GUESTS = 60
SCALE = 0.02  # the windows of all limits are fifty times shorter than the real ones
CUT = {"kind": "truncate", "keep": 0.5, "service": "discord", "path": "/members$"}


def invite_many(world: World, guests: int) -> list[str]:
    """So many guests of group B, all from group A, with access and an invitation."""
    names = [f"Guest{number:02}" for number in range(guests)]
    for name in names:
        world.add(name, "A")
    for name in names:
        world.book(name, "B")
    world.work()
    return names


@pytest.fixture
def guests(world: World, build_once: BuildOnce) -> list[str]:
    return build_once("eight guests of group B", lambda: invite_many(world, 8))


def holders(world: World, group: str) -> int:
    """How many people hold a group's role."""
    guild = world.sandbox.get("state")["discord"]
    (role,) = (
        pk for pk, one in guild["roles"].items() if one["name"].startswith(f"Group {group} (")
    )
    return sum(role in member["roles"] for member in guild["members"].values())


def revocations(world: World, since: int) -> list[dict]:
    writes = world.sandbox.writes(since=since, service="discord", method="DELETE")
    return [call for call in writes if "/roles/" in call["path"]]


@pytest.mark.matrix
def test_after_a_weekend_down_sixty_windows_close_unasked_at_the_limits_pace(world: World) -> None:
    invite_many(world, GUESTS)
    assert holders(world, "B") == 2 + GUESTS
    world.move_clock(world.meeting("B").starts_at + 5 * DAY)
    world.sandbox.set_limits(discord=True, google=True, scale=SCALE)
    seen = world.sandbox.last

    world.minute()
    assert revocations(world, seen), "the first sweep begins it"
    world.minute()
    assert len(revocations(world, seen)) == GUESTS
    assert holders(world, "B") == 2
    assert world.sandbox.get("state")["limits"]["refused_calls"] == {}
    assert not GroupSync.objects.filter(issue="removals_held").exists()
    assert set(GuestVisit.objects.values_list("end_reason", flat=True)) == {"over"}
    assert sum(text.endswith("guest visit has ended") for text in world.told("B")) == GUESTS


def test_the_same_removals_without_a_date_wait_for_a_person(
    world: World, guests: list[str]
) -> None:
    """What the guard is for: rows that vanish explain nothing."""
    GuestVisit.objects.all().delete()
    world.hour()
    assert holders(world, "B") == 2 + len(guests)
    assert "removals_held" in world.troubles()


def test_a_member_list_with_half_of_it_missing_removes_no_one(
    world: World, guests: list[str]
) -> None:
    world.sandbox.set_faults(CUT)
    seen = world.sandbox.last
    world.hour()
    world.pass_time(minutes=2)
    world.minute()
    assert world.sandbox.writes(since=seen) == []
    world.sandbox.set_faults()
    world.minute(2)
    assert [world.access(name) for name in guests] == [{"A", "B"}] * len(guests)
    assert world.troubles() == []


@pytest.mark.matrix
@pytest.mark.usefixtures("guests")
def test_while_half_the_list_is_missing_windows_close_for_people_on_it(world: World) -> None:
    world.move_clock(world.meeting("B").starts_at + 3 * DAY)
    world.sandbox.set_faults(CUT)
    world.minute(2)
    left = holders(world, "B")
    assert 2 < left < 10
    assert {world.access(name).pop() for name in ("Bea", "Ben", "Cleo", "Carl")} == {"B", "C"}

    world.sandbox.set_faults()
    world.minute(2)
    assert holders(world, "B") == 2
    assert world.troubles() == []


@pytest.mark.matrix
def test_a_guest_missing_from_the_list_loses_nothing_and_is_granted_nothing_twice(
    world: World,
) -> None:
    world.sandbox.set_faults({**CUT, "keep": 0.1})
    world.book("Ada", "B")
    world.minute(2)
    world.sandbox.set_faults()
    world.minute(2)
    assert world.access("Ada") == {"A", "B"}
    assert world.told("B") == ["Ada is joining"]
    grants = [call for call in world.sandbox.writes(method="PUT") if "/roles/" in call["path"]]
    ada = str(world.person("Ada").discord_id)
    assert sum(ada in call["path"] for call in grants) == 2
