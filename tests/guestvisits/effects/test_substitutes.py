"""A substitute's access, over HTTP: it appears, ends on its date, and survives a dying worker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cohorts.models import Membership, User
from discordsync.state import permissions
from guestvisits.models import Substitution
from guestvisits.substitutes.services import update_all_substitutions
from tests.guestvisits.effects.world import World
from tests.support.kept_worlds import BuildOnce
from tests.support.moves import move_meeting
from tests.support.workers import bury, start

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXT, VOICE = permissions.FACILITATOR_TEXT, permissions.FACILITATOR_VOICE
WRITES = 3  # the role and two overwrites


@pytest.fixture
def led(world: World, build_once: BuildOnce) -> World:
    """Fay leads group A and is away in week 1; Gus leads group B and is in the server."""
    build_once("Fay and Gus lead groups in both services", lambda: add_facilitators(world))
    return world


def add_facilitators(world: World) -> None:
    for name, group in (("Fay", "A"), ("Gus", "B")):
        person = world.add(name, group)
        Membership.objects.filter(user=person).update(role="facilitator")
    world.hour()
    assert rights(world, "Fay") == {TEXT, VOICE}


def rights(world: World, name: str) -> set[int]:
    """The permissions of someone's own overwrites in group A's channels."""
    guild, person = world.sandbox.get("state")["discord"], str(world.person(name).discord_id)
    return {
        int(channel["overwrites"][person]["allow"])
        for channel in guild["channels"].values()
        if channel["name"].lower().replace(" ", "-").startswith("group-a")
        if person in channel["overwrites"]
    }


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def accept(world: World) -> Substitution:
    """Fay says that she can't lead, and Gus that he does, on their pages."""
    meeting = world.meeting("A")
    ask = f"/groups/{meeting.group_id}/meetings/{meeting.pk}/substitute/"
    assert client_of(world.person("Fay")).post(ask).status_code == 302
    found = Substitution.objects.get(ended_at=None)
    yes = client_of(world.person("Gus")).post(f"/substitutes/{found.pk}/lead/")
    assert yes.status_code == 302
    return found


def assert_leads(world: World) -> None:
    assert world.access("Gus") == {"A", "B"}
    assert rights(world, "Gus") == {TEXT, VOICE}
    assert rights(world, "Fay") == {TEXT, VOICE}
    assert_quiet(world)


def assert_over(world: World) -> None:
    assert world.access("Gus") == {"B"}
    assert rights(world, "Gus") == set()
    assert world.access("Ada") == {"A"}
    assert_quiet(world)


def assert_quiet(world: World) -> None:
    """Nothing is wrong on any page, and the next comparison finds nothing to do."""
    assert world.troubles() == []
    seen = world.sandbox.last
    world.hour()
    assert world.sandbox.writes(since=seen) == []


def test_access_appears_with_the_yes_and_ends_a_day_after_the_meeting(led):
    accept(led)
    led.minute()
    assert_leads(led)
    over = led.meeting("A").ends_at + 24 * HOUR
    led.move_clock(over - 5 * HOUR / 60)
    led.minute()
    assert led.access("Gus") == {"A", "B"}
    led.move_clock(over)
    led.minute()
    assert_over(led)


def test_a_closed_account_leads_no_one_else_at_once(led):
    accept(led)
    led.minute()
    gus = led.person("Gus")
    gus.is_active = False
    gus.save()
    led.minute()
    assert led.access("Gus") == set()
    assert rights(led, "Gus") == set()
    assert led.invited("Gus", "A") == led.invited("Gus", "B") == []
    assert_quiet(led)


@pytest.mark.matrix
def test_a_substitutes_other_accounts_take_over(led):
    accept(led)
    led.minute()
    gus = led.person("Gus")
    gus.discord_id, gus.email = 200000000000000777, "gus@elsewhere.example"
    gus.save()
    led.join(gus)
    led.minute()
    assert_leads(led)
    assert "gus@elsewhere.example" in str(led.calendar.events)
    assert "gus@example.org" not in str(led.calendar.events)


@pytest.mark.matrix
def test_a_moved_meeting_ends_access_at_once_and_a_returning_facilitator_too(led):
    accept(led)
    led.minute()
    meeting = led.meeting("A")
    move_meeting(meeting.pk, starts_at=meeting.starts_at + 2 * HOUR, now=led.now)
    update_all_substitutions(led.now)
    led.minute()
    assert led.access("Gus") == {"B"}
    again = Substitution.objects.get(ended_at=None)
    client_of(led.person("Gus")).post(f"/substitutes/{again.pk}/lead/")
    led.minute()
    assert_leads(led)
    client_of(led.person("Fay")).post(f"/substitutes/{again.pk}/return/")
    led.minute()
    assert_over(led)


def test_the_substitute_is_invited_to_that_meeting_only_and_not_after_an_early_end(led):
    found = accept(led)
    led.minute()
    assert led.invited("Gus", "A") == [1]
    assert led.invited("Fay", "A") == [1, 2, 3]
    client_of(led.person("Fay")).post(f"/substitutes/{found.pk}/return/")
    led.minute()
    assert led.invited("Gus", "A") == []
    assert_over(led)


def die_at(world: World, n: int, kind: str) -> None:
    """A worker is killed at its n-th write to the substitute's access, or right after it."""
    world.sandbox.set_faults(
        {"kind": kind, "wrote": True, "path": "/(roles|permissions)/", "nth": n}
    )
    process = start("discord")
    world.sandbox.wait_for_call(held=True)
    bury(process)
    world.sandbox.set_faults()


def check_killed(world: World, phase: str, n: int, kind: str) -> None:
    accept(world)
    if phase == "end":
        world.minute()
        world.move_clock(world.meeting("A").ends_at + 24 * HOUR)
    die_at(world, n, kind)
    world.minute()
    (assert_leads if phase == "begin" else assert_over)(world)


@pytest.mark.matrix
def test_a_worker_killed_while_it_gives_access_leaves_it_to_the_next_minute(led):
    check_killed(led, "begin", 2, "hold_after")


@pytest.mark.matrix
@pytest.mark.parametrize("kind", ["hold", "hold_after"])
@pytest.mark.parametrize("n", range(1, WRITES + 1))
@pytest.mark.parametrize("phase", ["begin", "end"])
def test_a_worker_killed_at_any_write_leaves_it_to_the_next_minute(led, phase, n, kind):
    check_killed(led, phase, n, kind)
