"""An issue that needs a person is one line in the log, and one when it is resolved."""

from __future__ import annotations

import pytest

from cohorts.reconcile import tasks
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync, ProviderState
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@pytest.fixture
def said(caplog):
    """What a minute's sweep logged."""

    def sweep() -> list[str]:
        caplog.clear()
        tasks.sweep()
        return [row.getMessage() for row in caplog.records if row.levelname == "ERROR"]

    return sweep


def test_o1_a_token_that_was_revoked_is_logged_once_with_its_fix_and_once_when_it_is_resolved(
    sandbox, settings, said
):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    realize(made)
    right, settings.DISCORD_BOT_TOKEN = settings.DISCORD_BOT_TOKEN, "not-the-token"
    run_once("discord")
    assert said() == [
        "Discord: Discord does not accept the bot's token. What to do: Copy the token from the "
        "Developer Portal (Bot, Reset Token) into DISCORD_BOT_TOKEN and restart."
    ]
    assert said() == []
    settings.DISCORD_BOT_TOKEN = right
    ProviderState.objects.update(retry_at=None)
    work("discord")
    assert said() == ["Discord: resolved: Discord does not accept the bot's token."]
    assert said() == []


def test_o1_groups_with_the_same_issue_are_one_line_and_nobody_waits_for_realize_in_the_log(said):
    made = make_cohort(groups=7)
    rows = GroupSync.objects.filter(group__in=made.ids, provider="discord")
    rows.update(issue="needs_infrastructure")
    assert said() == []
    rows.update(issue="missing", issue_detail="Alice's channel")
    (line,) = said()
    assert "Groups: Group 1 (Spring)" in line
    assert "and 2 more." in line
    assert "Alice" not in line


def test_o1_an_outage_does_not_resolve_an_issue(said):
    made = make_cohort(groups=1)
    rows = GroupSync.objects.filter(group__in=made.ids, provider="discord")
    rows.update(issue="missing")
    assert len(said()) == 1
    rows.update(issue="unreachable")
    assert said() == []
    rows.update(issue="missing")
    assert said() == []
    rows.update(issue="removals_held")
    assert [line.partition(": ")[2][:8] for line in said()] == ["resolved", "An unusu"]
