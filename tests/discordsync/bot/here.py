"""People and groups of one test on the sandbox's gateway, and what happens to them."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F

from cohorts import clock
from cohorts.models import Group, User
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.runs.provider_state import count_changes
from discordsync.bot.models import GuildMembership
from meetings.models import Meeting
from tests.discordsync.bot.discord import People
from tests.discordsync.bot.running import RunningBot
from tests.discordsync.guild_state import outside_id
from tests.support.academy import Academy
from tests.support.cohort import MadeCohort, work
from tests.support.running_sandbox import RunningSandbox

numbers = itertools.count(1)


@dataclass(frozen=True)
class World:
    """A guild, a database and a bot, for all tests of a module: a bot takes seconds to come.

    Each test has people and groups of its own.
    """

    sandbox: RunningSandbox
    bot: RunningBot
    people: People


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


def workers() -> None:
    work("discord", "calendar")


def realize_by_command(here: Here, admin: str, made: MadeCohort) -> str:
    """From the command to the tap on "Realize"; returns that interaction's id."""
    asked = here.people.run(admin, "realize-cohort", cohort=str(made.cohort.pk))
    plan = here.people.answer(asked, f"Realize {made.cohort}?", meanwhile=workers)
    return here.people.press(admin, plan, f"Realize {made.cohort}")


def remind_soon(made: MadeCohort) -> Meeting:
    """The first meeting begins in a day and a second, so that its reminder is due in a second."""
    meeting = Meeting.objects.filter(group=made.groups[0]).earliest("number")
    start = clock.now() + timedelta(days=1, seconds=1)
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=start)
    return meeting


def forget_realizing() -> None:
    """Within an hour of a realize no one is written to directly."""
    before = clock.now() - timedelta(hours=2)
    Group.objects.filter(activated_at__isnull=False).update(set_up_at=before, activated_at=before)
    GroupSync.objects.update(realize_requested_at=None)


def find_message(world: World, channel: str) -> dict[str, Any]:
    """The newest message with buttons in a channel, as anyone there sees it; {} for none."""
    said = world.sandbox.get("state")["discord"]["messages"].get(channel, {})
    return next((one for one in reversed(said.values()) if one.get("components")), {})


def role_of(made: MadeCohort) -> str:
    return outside_id(f"role:{made.groups[0].pk}")


def works_and_is_settled(made: MadeCohort) -> bool:
    workers()
    return is_settled(made)


def is_settled(made: MadeCohort) -> bool:
    """No one has anything left to look at: no sweep and no hour has passed."""
    return not GroupSync.objects.filter(
        group__in=made.groups, provider="discord", generation__gt=F("observed_generation")
    ).exists()


def are_noticed(here, people):
    stays = GuildMembership.objects.filter(user__in=people)
    here.people.wait(lambda: stays.count() == len(people), "the bot does not hear who joins")


@contextmanager
def observed_once(here):
    """What happens within costs one observation, and the bot hears of no change by hand in it."""
    seen, told = here.world.sandbox.last, count_changes("discord")
    yield
    work("discord")
    looks = [c for c in here.world.sandbox.calls(seen) if c["path"].endswith("/members")]
    witness = here.add(f"Witness {told}", "A")  # told after everything else
    are_noticed(here, [witness])
    here.people.wait(lambda: count_changes("discord") > told, "the bot does not pass it on")
    assert (len(looks), count_changes("discord")) == (1, told + 1)
    work("discord")
