"""What can't succeed without a person: reported once, with its fix; not hammered; and
when it is fixed, everything continues automatically."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from cohorts import clock
from cohorts.reconcile import services, tasks
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState, SyncAction
from cohorts.reconcile.runs import provider_state
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

LEAST = 17592478673936  # what the sandbox's bot holds by default


@pytest.fixture
def made(sandbox):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    return made


def told():
    """The codes that staff see, of the provider and of the groups."""
    codes = {row.issue for row in ProviderState.objects.all()}
    return codes | set(GroupSync.objects.values_list("issue", flat=True)) - {""}


def sweep_often():
    for _ in range(5):
        tasks.sweep()
        if provider_state.has_work("discord", clock.now()):
            tasks.run_provider("discord")


def check_told_once_and_then_mended(sandbox, caplog, made, code, mend):
    realize(made)
    with caplog.at_level(logging.WARNING):
        tasks.run_provider("discord")
        seen = sandbox.last
        sweep_often()

    assert code in told()
    text = find_issue(code)
    assert text.sentence.endswith(".")
    assert text.fix
    assert sandbox.last == seen  # no one called again
    assert not [record for record in caplog.records if record.exc_info]

    mend()
    services.resume("discord")
    work("discord")
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert len(describe_guild(sandbox.get("state"))["roles"]) == 4  # no twin of what was begun


def test_without_the_members_intent(sandbox, caplog, made):
    sandbox.post("discord/settings", {"members_intent": False})
    check_told_once_and_then_mended(
        sandbox,
        caplog,
        made,
        "no_member_list",
        lambda: sandbox.post("discord/settings", {"members_intent": True}),
    )


def test_with_a_wrong_token(sandbox, caplog, made, settings):
    right, settings.DISCORD_BOT_TOKEN = settings.DISCORD_BOT_TOKEN, "not-the-token"
    check_told_once_and_then_mended(
        sandbox,
        caplog,
        made,
        "bad_token",
        lambda: setattr(settings, "DISCORD_BOT_TOKEN", right),
    )
    assert "not-the-token" not in caplog.text


@pytest.mark.matrix
def test_with_a_wrong_guild(sandbox, caplog, made, settings):
    right, settings.DISCORD_GUILD_ID = settings.DISCORD_GUILD_ID, 100000000000000099
    check_told_once_and_then_mended(
        sandbox,
        caplog,
        made,
        "wrong_guild",
        lambda: setattr(settings, "DISCORD_GUILD_ID", right),
    )


@pytest.mark.matrix
def test_with_no_one_at_the_address(sandbox, caplog, made, settings):
    right, settings.DISCORD_API_BASE = settings.DISCORD_API_BASE, "http://127.0.0.1:9/api/v10"
    check_told_once_and_then_mended(
        sandbox,
        caplog,
        made,
        "unreachable",
        lambda: setattr(settings, "DISCORD_API_BASE", right),
    )
    assert not SyncAction.objects.filter(outcome="failed").exists()


@pytest.mark.parametrize(
    "bit", [1 << 4, *(pytest.param(1 << n, marks=pytest.mark.matrix) for n in (28, 44, 24))]
)
def test_without_a_permission_nothing_is_begun(sandbox, caplog, made, bit):
    sandbox.post("discord/settings", {"bot_permissions": str(LEAST & ~bit)})
    check_told_once_and_then_mended(
        sandbox,
        caplog,
        made,
        "missing_permissions",
        lambda: sandbox.post("discord/settings", {"bot_permissions": str(LEAST)}),
    )


@pytest.mark.matrix
def test_with_the_bots_role_too_low(sandbox, caplog, made):
    realize(made)
    work("discord")
    late = made.people[1]
    role = next(
        pk
        for pk, role in sandbox.get("state")["discord"]["roles"].items()
        if role["name"].startswith("Group 1")
    )
    sandbox.post("revoke", {"member": str(late.discord_id), "role": role})
    sandbox.post("discord/settings", {"bot_role_position": 1})
    services.resync("discord")
    with caplog.at_level(logging.WARNING):
        tasks.run_provider("discord")
        seen = sandbox.last
        sweep_often()

    assert told() >= {"role_too_low"}
    assert sandbox.writes(since=seen) == []
    assert sandbox.last == seen

    sandbox.post("discord/settings", {"bot_role_position": 3})
    services.resync("discord")
    work("discord")
    access = describe_guild(sandbox.get("state"))["access"]
    assert str(late.discord_id) in {person for person, _ in access}
    assert told() <= {""}


@pytest.mark.parametrize(
    ("issue", "waits"),
    [("unreachable", True), ("rate_limited", True), ("bad_token", False), ("bug", False)],
)
def test_check_now_ends_a_wait_but_not_one_for_what_passes(issue: str, waits: bool) -> None:
    services.ensure_state("discord")
    later = timezone.now() + timedelta(minutes=10)
    ProviderState.objects.update(issue=issue, retry_at=later)
    services.end_wait("discord")
    assert provider_state.is_waiting("discord") is waits
