"""The bot's life: it comes, is cut off, ends and comes back, and nothing is lost by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile import ownership
from cohorts.reconcile.models import ProviderState
from cohorts.services.installation import end_silence
from discordsync.bot.gateway.heartbeats import describe_bot
from discordsync.bot.models import BotHeartbeat, BotReply, GuildMembership
from tests.discordsync.bot.conftest import GENERAL
from tests.discordsync.bot.discord import People
from tests.discordsync.bot.running import SOON, RunningBot
from tests.support.academy import Academy
from tests.support.cohort import join
from tests.support.processes import wait_until
from tests.support.running_sandbox import RunningSandbox
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db(transaction=True)

ENDS_WITHIN = 20  # seconds; it gives its answers five

Start = Callable[..., RunningBot]


@pytest.fixture
def start(sandbox: RunningSandbox, transactional_db: None, tmp_path: Path) -> Iterator[Start]:
    # One bot after the other, and no busy machine decides what is in time.
    sandbox.post("discord/settings", {"identify_seconds": 0, "interaction_seconds": 60})
    sandbox.post("create", {"kind": "channel", "fields": GENERAL})
    started: list[RunningBot] = []

    def start(**more: str) -> RunningBot:
        started.append(RunningBot(tmp_path / "log", sandbox, **more))
        return started[-1]

    yield start
    for bot in started:
        bot.kill()


@pytest.fixture
def alice(sandbox, transactional_db):
    alice = Academy(clock.now()).add_member("Alice", "A", discord_id=200000000000000001)
    join(sandbox, [alice])
    return alice


@pytest.mark.matrix
def test_what_a_killed_bot_left_is_answered_by_the_next_though_discord_was_away(
    start, sandbox, alice
):
    bot = start()
    people = People(sandbox, bot.said)
    bot.wait_until_ready()
    since = sandbox.last
    sandbox.set_faults({"kind": "hold", "method": "PATCH", "path": "/messages/@original"})
    asked = people.run(alice, "my-meetings")
    sandbox.wait_for_call(deadline=SOON, since=since, held=True)
    bot.kill()
    sandbox.set_faults({"kind": "unreachable", "service": "discord"})
    assert people.look(asked)["state"] == "thinking"
    assert BotReply.objects.count() == 1

    start()
    wait_until(lambda: "The connection to Discord was lost" in bot.said(), SOON, bot.said())
    sandbox.set_faults()
    people.answer(asked, "Your next meetings")
    people.wait(lambda: not BotReply.objects.exists(), "the reply is still owed")


def test_it_ends_with_its_answers_finished_and_comes_again_without_stale_commands(
    start, sandbox, alice
):
    bot = start()
    people = People(sandbox, bot.said)
    bot.wait_until_ready()
    since = sandbox.last
    slow = {"kind": "slow", "seconds": 1, "method": "PATCH", "path": "/messages/@original"}
    sandbox.set_faults(slow)
    asked = people.run(alice, "my-meetings")
    sandbox.wait_for_call(deadline=SOON, since=since, method="PATCH")

    began = time.monotonic()
    assert bot.end() == 0

    assert time.monotonic() - began < ENDS_WITHIN
    people.answer(asked, "Your next meetings")
    assert not BotReply.objects.exists()
    assert not BotHeartbeat.objects.exists()
    assert "ERROR" not in bot.said()

    since = sandbox.last
    start().wait_until_ready(since)
    known = sandbox.calls(since, method="GET", status=200)
    names = {c["name"] for c in next(k for k in known if is_about_commands(k))["response"]}
    assert names == {"my-meetings", "cant-attend", "realize-cohort"}
    assert not any(map(is_about_commands, sandbox.writes(since=since)))


def is_about_commands(call: dict[str, Any]) -> bool:
    return bool(call["path"].endswith("/commands"))


@pytest.mark.parametrize(
    ("wish", "environment", "said", "trouble"),
    [
        ({}, {"DISCORD_BOT_TOKEN": "refused"}, "does not accept the bot's token", "bad_token"),
        in_matrix({"members_intent": False}, {}, "Server Members Intent", "no_member_list"),
    ],
)
def test_what_only_a_person_can_fix_is_explained_in_a_sentence_and_to_staff(
    start, sandbox, wish, environment, said, trouble
):
    sandbox.post("discord/settings", wish or {"members_intent": True})
    bot = start(**environment)
    assert bot.process.wait(SOON) == 1
    assert said in bot.said()
    assert "Traceback" not in bot.said()
    assert "refused" not in bot.said()
    assert BotHeartbeat.objects.get().issue == trouble
    check = describe_bot()
    assert check is not None
    assert said in f"{check.status.words} {check.status.fix}"


@pytest.mark.matrix
def test_d7_b9_refused_commands_are_reported_and_tried_later_and_everything_else_works(
    start, sandbox, alice, client
):
    sandbox.post("discord/settings", {"commands_scope": False})
    bot = start(DISCORD_COMMANDS_RETRY_SECONDS="1.5")
    wait_until(lambda: attempts(sandbox) >= 2, SOON, "the bot does not try again")
    answer = client.get("/healthz?bot")
    assert answer.status_code == 503
    assert "applications.commands" in answer.json()["missing"]
    check = describe_bot()
    assert check is not None
    assert "applications.commands" in check.status.fix
    assert bot.said().count("does not accept the bot's commands") == 1
    assert looks(bot) == 1

    sandbox.post("leave", {"id": str(alice.discord_id)})
    left = GuildMembership.objects.filter(user=alice, left_at__isnull=False)
    wait_until(left.exists, SOON, "the bot does not notice who leaves")

    sandbox.post("discord/settings", {"commands_scope": True})
    wait_until(lambda: client.get("/healthz?bot").status_code == 200, SOON, "it does not recover")


@pytest.mark.parametrize("reason", ["restored", in_matrix("moved"), in_matrix("silenced")])
def test_b3_no_command_is_registered_until_staff_say_whose_server_this_is(
    start, sandbox, alice, reason
):
    Installation.objects.ensure(clock.now())
    if reason == "restored":
        call_command("mark_restored", stdout=StringIO())
    elif reason == "moved":
        ProviderState.objects.update_or_create(provider="discord", defaults={"scope": "1"})
    else:
        ownership.accept_as_copy()
    since = sandbox.last
    bot = start(DISCORD_COMMANDS_RETRY_SECONDS="0.1")
    wait_until(lambda: attempts(sandbox) or "not registered yet" in bot.said(), SOON, bot.said())
    wait_until(GuildMembership.objects.filter(user=alice).exists, SOON, "the bot does not listen")
    assert sandbox.writes(since=since) == []
    assert attempts(sandbox) == 0

    if reason == "silenced":
        end_silence(clock.now())
    else:
        ownership.accept_as_original()
    bot.wait_until_ready()


def attempts(sandbox: RunningSandbox) -> int:
    return sum(is_about_commands(call) for call in sandbox.calls())


def looks(bot: RunningBot) -> int:
    """How often it caught up with the whole guild."""
    return bot.said().count("The bot is connected.")
