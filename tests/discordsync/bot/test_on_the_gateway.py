"""The real bot on the sandbox's gateway: commands and buttons, from the tap to what is seen."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.db import connection

from cohorts import clock
from cohorts.outbox.routing.preferences import choose
from cohorts.outbox.tasks import collect_all
from cohorts.reconcile.models import RealizeRequest
from discordsync.bot.models import BotReply
from discordsync.models import DmChannel
from guestvisits.models import GuestVisit
from meetings.models import Attendance
from tests.discordsync.bot.discord import buttons
from tests.discordsync.bot.here import (
    find_message,
    forget_realizing,
    numbers,
    realize_by_command,
    remind_soon,
    workers,
)
from tests.discordsync.bot.running import RunningBot
from tests.discordsync.guild_state import outside_id
from tests.lens.sandbox.client import Client
from tests.support.cohort import make_cohort
from tests.support.running_sandbox import RefusedError

pytestmark = pytest.mark.django_db(transaction=True)


STRANGER = {"id": "299999999999999999", "username": "mallory"}


@pytest.fixture
def _django_db_helper() -> None:
    """No test empties the database under the bot's hands: `world` does, when the bot is gone."""


def test_a_learner_sees_their_meetings_and_no_one_else_does(here):
    alice = here.add("Alice", "A")
    seen = here.people.answer(here.people.run(alice, "my-meetings"), "Your next meetings")
    assert seen["ephemeral"]
    assert "Group A, week 1" in seen["content"]
    assert DmChannel.objects.filter(discord_id=alice.discord_id).exists()


def test_from_cant_attend_to_a_booked_visit_in_one_tap(here):
    people, alice = here.people, here.add("Alice", "A")
    seen = people.answer(people.run(alice, "cant-attend"), "you can join")
    label = next(label for label in buttons(seen) if label.endswith("Group B"))
    tap = people.press(alice, seen, label)
    booked = people.answer(tap, "Booked: you're visiting Group B")
    assert booked["id"] == seen["id"]  # in the place of the question
    visit = GuestVisit.objects.get(user=alice)
    assert visit.host_meeting == here.academy.meeting("B")

    people.repeat(tap)
    people.answer(people.press(alice, booked, "Cancel visit to Group B"), "is cancelled")
    assert GuestVisit.objects.filter(user=alice).count() == 1
    people.wait(lambda: not BotReply.objects.exists(), "a reply is still owed")


def test_an_unknown_account_is_answered_kindly_and_not_recorded(here, world):
    world.sandbox.post("join", STRANGER)
    here.people.answer(here.people.run(STRANGER["id"], "my-meetings"), "I don't know your Discord")
    assert not DmChannel.objects.filter(discord_id=int(STRANGER["id"])).exists()


# -- realizing a cohort ---------------------------------------------------------------------------


def test_a_cohort_is_found_by_typing_a_part_of_its_name(here, owner):
    made = make_cohort(name=f"Winter {next(numbers)}")
    shown = here.people.type(owner, "realize-cohort", focus="cohort", cohort="winter")
    assert f"Safety: {made.cohort}" in shown
    assert len(shown) <= 25


def test_an_administrator_realizes_a_cohort_and_sees_how_it_ends(here, world, owner):
    made = make_cohort(groups=2, members=2, name=f"Realized {next(numbers)}")
    for person in made.people[:3]:
        here.join(person)

    tap = realize_by_command(here, owner, made)
    here.people.answer(tap, "of 2 groups", "Group 1: ")
    said = "2 groups processed: 2 successful, 0 failed"
    seen = here.people.answer(tap, "Done.", said, meanwhile=workers)

    assert f"Not in the server yet: {made.people[3].display_name}" in seen["content"]
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert RealizeRequest.objects.latest("pk").requested_as == "owner on Discord"
    assert world.sandbox.get("gateway")["sessions"]


@pytest.mark.matrix
def test_two_administrators_at_once_do_no_harm(here, world, owner):
    made = make_cohort(groups=1, members=1, name=f"Twice {next(numbers)}")
    here.join(made.people[0])
    second = {"id": "220000000000000001", "username": "second"}
    world.sandbox.post("join", second)
    role = world.sandbox.post(
        "create", {"kind": "role", "fields": {"name": "Administrators", "permissions": "8"}}
    )
    world.sandbox.post("grant", {"member": second["id"], "role": role["id"]})
    since = world.sandbox.last

    for tap in [realize_by_command(here, admin, made) for admin in (owner, second["id"])]:
        here.people.answer(tap, "1 groups processed: 1 successful", meanwhile=workers)
    created = world.sandbox.writes(since=since, method="POST")
    assert sum(call["path"].endswith("/roles") for call in created) == 1


def test_who_is_no_administrator_is_offered_nothing_and_refused(here, world):
    alice = here.add("Alice", "A")
    with pytest.raises(RefusedError, match="not available"):
        here.people.run(alice, "realize-cohort", cohort="1")


# -- reminders ------------------------------------------------------------------------------------


def test_the_buttons_under_a_reminder_count_in_the_channel_and_in_direct_messages(
    here, world, standing
):
    facilitator, learner = standing.people
    here.join(learner)
    here.people.answer(here.people.run(learner, "my-meetings"), "Your next meetings")
    choose(learner.pk, {"reminders": "discord_dm"}, now=clock.now())
    forget_realizing()
    meeting = remind_soon(standing)
    group = standing.groups[0]
    channel = outside_id(f"text_channel:{group.pk}")

    def places() -> list[str]:
        dms = world.sandbox.get("state")["discord"]["dms"].items()
        return [channel, *(pk for pk, dm in dms if dm["recipient_id"] == str(learner.discord_id))]

    def are_there() -> bool:
        collect_all()
        workers()
        return len(places()) == 2 and all(find_message(world, place) for place in places())

    here.people.wait(are_there, "no reminders", places)
    in_channel, directly = (find_message(world, place) for place in places())

    yes = here.people.press(facilitator, in_channel, "I'll come")
    assert here.people.answer(yes, "You're coming: ", group.name)["ephemeral"]
    no = here.people.press(learner, directly, "I can't")
    here.people.answer(no, "You can't come: ", group.name)

    answers = dict(Attendance.objects.filter(meeting=meeting).values_list("user", "rsvp"))
    assert answers == {facilitator.pk: "attending", learner.pk: "not_attending"}


TOO_LATE = 61  # seconds, here; three on Discord

# -- time and company -----------------------------------------------------------------------------


def test_an_answer_that_takes_long_was_deferred_in_time(here, world, clock_again):
    alice, since = here.add("Alice", "A"), world.sandbox.last
    world.sandbox.set_faults({"kind": "hold", "method": "PATCH", "path": "/messages/@original"})
    asked = here.people.run(alice, "my-meetings")
    world.sandbox.wait_for_call(deadline=60, since=since, held=True)
    world.sandbox.advance_clock(TOO_LATE)
    assert here.people.look(asked)["state"] == "thinking"
    world.sandbox.set_faults()
    here.people.answer(asked, "Your next meetings")


@pytest.mark.matrix
def test_an_answer_is_given_up_once_discord_takes_it_no_more(here, world, clock_again):
    alice, since = here.add("Alice", "A"), world.sandbox.last
    world.sandbox.post("discord/settings", {"interaction_minutes": 0})
    asked = here.people.run(alice, "my-meetings")
    world.sandbox.wait_for_call(deadline=60, since=since, method="PATCH", status=401)
    here.people.wait(lambda: not BotReply.objects.exists(), "it was not given up")
    assert here.people.look(asked)["state"] != "answered"
    world.sandbox.post("discord/settings", {"interaction_minutes": 15})
    here.people.answer(here.people.run(alice, "my-meetings"), "Your next meetings")


def test_a_rate_limit_is_waited_out_and_no_token_is_in_the_log(here, world, clock_again):
    alice, limit = here.add("Alice", "A"), {"kind": "rate_limit", "retry_after": 0.3, "times": 1}
    world.sandbox.set_faults({**limit, "method": "PATCH", "path": "/messages/@original"})
    here.people.answer(here.people.run(alice, "my-meetings"), "Your next meetings")
    here.people.wait(lambda: "rate limited" in world.bot.said(), "it was not told")
    interactions = world.sandbox.get("state")["discord"]["interactions"].values()
    assert not any(one["token"] in world.bot.said() for one in interactions)


def test_without_its_table_no_one_is_left_waiting(here, world):
    """As when the database is away for a moment."""
    alice = here.add("Alice", "A")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bot_botreply RENAME TO bot_botreply_away")
        try:
            here.people.answer(here.people.run(alice, "my-meetings"), "Something went wrong")
        finally:
            cursor.execute("ALTER TABLE bot_botreply_away RENAME TO bot_botreply")
    here.people.answer(here.people.run(alice, "my-meetings"), "Your next meetings")


def test_an_interaction_that_comes_too_late_is_left_alone(here, world, clock_again):
    alice = here.add("Alice", "A")
    world.bot.freeze()
    asked = here.people.run(alice, "my-meetings")
    world.sandbox.advance_clock(TOO_LATE)
    world.bot.thaw()
    here.people.wait(lambda: "received too late" in world.bot.said(), "it was not noticed")
    assert here.people.look(asked)["state"] == "failed"
    assert not BotReply.objects.filter(discord_id=alice.discord_id).exists()


@pytest.mark.matrix
def test_two_bots_answer_each_interaction_once(here, world, tmp_path):
    alice = here.add("Alice", "A")
    second = RunningBot(tmp_path / "log", world.sandbox)
    try:
        here.people.wait(lambda: "The bot is connected" in second.said(), "the second did not come")
        for _ in range(3):
            here.people.answer(here.people.run(alice, "my-meetings"), "Your next meetings")
        here.people.wait(lambda: not BotReply.objects.exists(), "a reply is still owed")
        assert second.end() == 0
    finally:
        second.kill()
    assert "Traceback" not in second.said()


@pytest.mark.matrix
def test_someone_uses_it_from_the_sandboxs_page(here, world):
    alice = here.add("Alice", "A")
    form = urlencode({"command": "my-meetings", "user": alice.discord_id}).encode()
    page = Client(world.sandbox.url)
    content_type = {"Content-Type": "application/x-www-form-urlencoded"}
    assert page.call("POST", "/bot", form, content_type).status == 303
    here.people.wait(
        lambda: "Group A, week 1" in page.get(f"/?q=person{alice.pk}").body,
        "the answer is not shown",
    )
    assert f"only person{alice.pk} can see this" in page.get("/").body
