"""`verify_services` finds out how Discord behaves, and leaves the server as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cohorts.reconcile.models import ProviderState, ScratchObject
from cohorts.services.installation import break_seal
from discordsync.sandbox.permissions import ALL, LEAST_PRIVILEGED
from tests.discordsync.guild_state import look_again, mirror_trouble, trouble
from tests.support.cohort import MadeCohort, work
from tests.support.conformance import Conformance
from tests.support.running_sandbox import RunningSandbox
from tests.support.spread import in_matrix
from tests.support.verifying import MOST_CALLS, Verify, found, is_clean, kill_at, kill_at_each

pytestmark = pytest.mark.usefixtures("only_discord")
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DISCORD = ("--only", "discord")
SLOW = (*DISCORD, "--slow")
PARTS = 5  # of the matrix of kills
CALLS = 45  # a test holds the number to the truth
# What a person cannot see, or what a deleted object leaves.
TRACES = {"audit", "audit_count", "last_id", "nonces"}


@pytest.fixture
def guild(sandbox: RunningSandbox, set_clock: Any) -> RunningSandbox:
    set_clock(NOW)
    sandbox.set_clock(NOW)
    return sandbox


def what_is_there(guild: RunningSandbox) -> dict[str, Any]:
    state = guild.get("state")["discord"]
    return {name: value for name, value in state.items() if name not in TRACES}


def behave(guild: RunningSandbox, **settings: Any) -> None:
    guild.post("discord/settings", settings)


@pytest.mark.django_db
def test_it_confirms_what_the_sandbox_assumes_and_leaves_the_server_as_it_was(
    two_groups: MadeCohort, sandbox: RunningSandbox, verify: Verify
) -> None:
    before, seen = what_is_there(sandbox), sandbox.last
    said = verify(*DISCORD)
    calls = sandbox.calls(since=seen, service="discord")
    assert len(calls) == CALLS <= MOST_CALLS, said
    assert what_is_there(sandbox) == before
    assert is_clean()
    assert {name for name, (verdict, _) in found().items() if verdict != "confirmed"} == {
        "role_limit"
    }, said
    assert found()["role_limit"] == ("refuted", "nothing")
    assert found()["commands_scope"] == ("confirmed", "allowed")


@pytest.mark.matrix
@pytest.mark.django_db
def test_it_finds_the_limit_on_new_roles_and_a_bot_without_commands(
    guild: RunningSandbox, verify: Verify
) -> None:
    behave(guild, commands_scope=False)
    guild.set_limits(discord=True)
    said = verify(*DISCORD)
    verdict, value = found()["role_limit"]
    assert verdict == "confirmed", said
    assert value.startswith("250 calls, reset after 172"), said
    assert found()["commands_scope"] == ("confirmed", "not allowed")
    assert is_clean()


@pytest.mark.matrix
@pytest.mark.django_db
def test_nothing_is_hidden_from_an_administrator(guild: RunningSandbox, verify: Verify) -> None:
    behave(guild, bot_permissions=ALL)
    before = what_is_there(guild)
    assert "The bot is an administrator" in verify(*DISCORD)
    assert found()["hidden_channel"] == ("not tried", "")
    assert what_is_there(guild) == before


@pytest.mark.matrix
@pytest.mark.django_db
def test_a_bot_that_may_do_less_is_told_what_was_refused(
    guild: RunningSandbox, verify: Verify
) -> None:
    behave(guild, bot_permissions=LEAST_PRIVILEGED & ~(1 << 28))  # Manage Roles
    before = what_is_there(guild)
    said = verify(*DISCORD)
    assert found()["lowest_position"] == found()["hidden_channel"] == ("not tried", "")
    assert "The service answered: Discord returned 403" in said
    behave(guild, bot_permissions=LEAST_PRIVILEGED)
    behave(guild, two_factor=True)
    verify(*DISCORD)
    assert is_clean()
    behave(guild, bot_permissions=LEAST_PRIVILEGED & ~(1 << 28), two_factor=False)
    assert what_is_there(guild) == before


@pytest.mark.django_db
def test_a_copy_makes_no_call(guild: RunningSandbox, verify: Verify) -> None:
    verify(*DISCORD)
    break_seal()
    seen = guild.last
    assert "stopped" in verify(*DISCORD)
    assert guild.calls(since=seen) == []


# -- what it leaves while it runs ------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_sync_ignores_scratch_objects_and_the_next_run_removes_them(
    two_groups: MadeCohort, sandbox: RunningSandbox, verify: Verify
) -> None:
    before = what_is_there(sandbox)
    kill_at(sandbox, "discord", 12, *DISCORD)
    during = what_is_there(sandbox)
    assert len(during["channels"]) > len(before["channels"])
    look_again()
    work("discord")
    assert what_is_there(sandbox) == during, "no pass changes them"
    state = ProviderState.objects.get(provider="discord")
    assert (state.orphans, mirror_trouble()) == ("", "")
    assert all(not trouble(group) for group in two_groups.groups)
    verify(*DISCORD)
    assert what_is_there(sandbox) == before
    assert is_clean()


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_any_call_the_next_run_leaves_nothing(
    guild: RunningSandbox, verify: Verify, part: int
) -> None:
    kill_at_each(
        guild,
        "discord",
        range(1 + part, CALLS + 1, PARTS),
        *DISCORD,
        clean=lambda: verify(*SLOW, "read"),  # nothing was started: it only removes what is left
        look=lambda: what_is_there(guild),
    )


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.conformance
def test_its_requests_are_what_discord_specifies(
    guild: RunningSandbox, verify: Verify, conformance: Conformance
) -> None:
    verify(*DISCORD)
    verify(*DISCORD, "--slow", "start")
    violations = conformance.find_violations("discord", guild.calls(service="discord"))
    wrong = [line for line in violations if " request " in line]
    assert len(wrong) == 1, wrong
    assert "text channel name with spaces or capitals" in wrong[0], "which is what it tries"


# -- slow ------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "nonce", "event"),
    [
        in_matrix(2, ("waiting", ""), ("waiting", "")),
        in_matrix(6, ("confirmed", "forgotten within 6 minutes"), ("waiting", "")),
        (
            240,
            ("confirmed", "forgotten within 240 minutes"),
            ("confirmed", "gone within 3.8 hours"),
        ),
    ],
)
def test_slow_ones_are_started_and_read_later(
    guild: RunningSandbox, verify: Verify, set_clock: Any, minutes: int, nonce: Any, event: Any
) -> None:
    before = what_is_there(guild)
    verify(*SLOW, "start")
    later = NOW + timedelta(minutes=minutes)
    set_clock(later)
    guild.set_clock(later)
    verify(*DISCORD)
    said = verify(*SLOW, "read")
    assert (found()["nonce_memory"], found()["unstarted_event"]) == (nonce, event), said
    assert ScratchObject.objects.exists() == (event[0] == "waiting")
    if event[0] == "confirmed":
        assert what_is_there(guild) == before


@pytest.mark.matrix
@pytest.mark.django_db
def test_slow_ones_are_refuted_by_a_service_that_behaves_otherwise(
    guild: RunningSandbox, verify: Verify, set_clock: Any
) -> None:
    behave(guild, nonce_minutes=60, event_grace_hours=9)
    verify(*SLOW, "start")
    for hours, name, value in (
        (0.5, "nonce_memory", "remembered after 30 minutes"),
        (5, "unstarted_event", "still there after 4.8 hours"),
    ):
        later = NOW + timedelta(hours=hours)
        set_clock(later)
        guild.set_clock(later)
        verify(*SLOW, "read")
        assert found()[name] == ("refuted", value)
    assert is_clean()
