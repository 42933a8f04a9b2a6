"""What the guest's page says while it happens: being set up, then there, or what is missing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
LINE = re.compile(r"<strong>(Discord|Google Calendar):</strong>\s*(.*?)\s*</li>", re.DOTALL)


def lines(world: World, name: str = "Ada") -> dict[str, str]:
    """By provider, what the page says of the visit."""
    found = LINE.findall(world.page(name))
    return {title: " ".join(words.split()) for title, words in found}


def asks_again(world: World) -> bool:
    return "hx-trigger" in world.page("Ada")


def test_right_after_the_click_both_are_on_their_way_and_then_there(world: World) -> None:
    world.book("Ada", "B")
    assert lines(world) == {"Discord": "being set up", "Google Calendar": "being set up"}
    assert asks_again(world)
    world.work()
    assert lines(world) == {"Discord": "ready", "Google Calendar": "ready"}
    assert not asks_again(world)


@pytest.mark.parametrize(
    ("down", "other"),
    [
        ("discord", "Google Calendar"),
        pytest.param("google", "Discord", marks=pytest.mark.matrix),
    ],
)
def test_each_integration_has_a_status_of_its_own(world: World, down: str, other: str) -> None:
    world.sandbox.set_faults({"kind": "unreachable", "service": down})
    world.book("Ada", "B")
    world.work()
    said = lines(world)
    assert said.pop(other) == "ready"
    assert list(said.values()) == ["being set up"]
    assert asks_again(world)


@pytest.mark.matrix
def test_before_its_window_only_the_invitation_is_spoken_of(world: World) -> None:
    world.book("Ada", "B", 2)
    assert lines(world) == {"Google Calendar": "being set up"}
    assert asks_again(world)
    world.work()
    assert lines(world) == {"Google Calendar": "ready"}
    assert not asks_again(world)
    assert "Access to the group" in world.page("Ada")

    world.move_clock(world.meeting("B", 2).starts_at - 6 * DAY)
    assert lines(world)["Discord"] == "being set up"
    world.minute()
    assert lines(world)["Discord"] == "ready"


@pytest.mark.matrix
def test_a_second_visit_to_a_group_does_not_use_the_status_of_the_first(world: World) -> None:
    world.book("Ada", "B")
    world.work()
    world.cancel("Ada", "B")
    world.work()
    world.book("Ada", "B")
    assert lines(world) == {"Discord": "being set up", "Google Calendar": "being set up"}


def test_a_guest_who_is_not_in_the_server_reads_so_and_then_has_access(
    world: World, settings
) -> None:
    settings.DISCORD_INVITE_URL = "https://discord.example/join"
    late = world.add("Lena", "A", joins=False)
    world.work()
    world.book("Lena", "B")
    world.work()
    assert lines(world, "Lena")["Discord"].startswith("waiting for you")
    assert "https://discord.example/join" in world.page("Lena")
    assert world.invited("Lena", "B") == [1]

    world.join(late)
    world.hour()
    assert lines(world, "Lena")["Discord"] == "ready"
    assert world.access("Lena") == {"A", "B"}


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("missing", "mirror", "other"),
    [("discord_id", "Discord", "Google Calendar"), ("email", "Google Calendar", "Discord")],
)
def test_what_is_possible_is_done_and_what_is_missing_is_named(
    world: World, missing: str, mirror: str, other: str
) -> None:
    nora = world.add("Nora", "A")
    setattr(nora, missing, None)
    nora.save()
    world.book("Nora", "B")
    world.work()
    said = lines(world, "Nora")
    assert said == {mirror: "not possible: we do not have your account or address.", other: "ready"}


@pytest.mark.matrix
def test_an_address_that_comes_later_is_enough(world: World) -> None:
    nora = world.add("Nora", "A", discord_id=None)
    address, nora.email = nora.email, None
    nora.save()
    world.book("Nora", "B")
    world.work()
    nora.email, nora.discord_id = address, 200000000000000999
    nora.save()
    world.join(nora)
    world.work()
    assert world.access("Nora") == {"A", "B"}
    assert world.invited("Nora", "B") == [1]
    assert set(lines(world, "Nora").values()) == {"ready"}
