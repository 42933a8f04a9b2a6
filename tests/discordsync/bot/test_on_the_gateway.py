"""The real bot on the sandbox's gateway: commands and buttons, from the tap to what is seen."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from cohorts import clock
from cohorts.models import User
from discordsync.bot.models import BotReply
from discordsync.models import DirectLine
from guestvisits.models import GuestVisit
from tests.discordsync.bot.conftest import World
from tests.discordsync.bot.discord import People, buttons
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db(transaction=True)

STRANGER = {"id": "299999999999999999", "username": "mallory"}

numbers = itertools.count(1)


@pytest.fixture
def _django_db_helper() -> None:
    """No test empties the database under the bot's hands: `world` does, when the bot is gone."""


@dataclass
class Here:
    """Groups of one test, and who of them is in the server."""

    world: World
    academy: Academy

    @property
    def people(self) -> People:
        return self.world.people

    def add(self, name: str, group: str) -> User:
        person = self.academy.add_member(
            f"{name} {self.academy.cohort}", group, discord_id=210000000000000000 + next(numbers)
        )
        self.join(person)
        return person

    def join(self, person: User) -> None:
        wish = {"id": str(person.discord_id), "username": f"person{person.pk}"}
        self.world.sandbox.post("join", wish)


@pytest.fixture
def here(world: World) -> Here:
    """Three groups that meet this week; whoever is added is in the server."""
    return Here(world, Academy(clock.now(), name=f"Term {next(numbers)}"))


def test_a_learner_sees_their_meetings_and_nobody_else_does(here):
    alice = here.add("Alice", "A")
    seen = here.people.answer(here.people.run(alice, "my-meetings"), "Your next meetings")
    assert seen["ephemeral"]
    assert "Group A, week 1" in seen["content"]
    assert DirectLine.objects.filter(discord_id=alice.discord_id).exists()


def test_from_cant_attend_to_a_booked_visit_in_one_tap(here):
    people, alice = here.people, here.add("Alice", "A")
    seen = people.answer(people.run(alice, "cant-attend"), "you can join")
    label = next(label for label in buttons(seen) if label.endswith("Group B"))
    tap = people.press(alice, seen, label)
    booked = people.answer(tap, "Booked: you visit Group B")
    assert booked["id"] == seen["id"]  # in the place of the question
    visit = GuestVisit.objects.get(user=alice)
    assert visit.host_meeting == here.academy.meeting("B")

    people.repeat(tap)
    people.answer(people.press(alice, booked, "Cancel the visit to Group B"), "is cancelled")
    assert GuestVisit.objects.filter(user=alice).count() == 1
    people.wait(lambda: not BotReply.objects.exists(), "a reply is still owed")


def test_a_stranger_is_answered_kindly_and_not_written_down(here, world):
    world.sandbox.post("join", STRANGER)
    here.people.answer(here.people.run(STRANGER["id"], "my-meetings"), "I don't know your Discord")
    assert not DirectLine.objects.filter(discord_id=int(STRANGER["id"])).exists()
