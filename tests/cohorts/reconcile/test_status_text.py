"""The table above `cohorts.reconcile.status_text`, line by line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Cohort, Group
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.status_text import Level, StatusContext, describe, describe_since
from discordsync.provider import DiscordProvider

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
DUE, SETTLED = (
    {"generation": 2, "observed_generation": 1},
    {"generation": 1, "observed_generation": 1},
)
ASKED, STANDS = {"realize_requested_at": NOW}, {"ready_at": NOW}
AWAY = {"discord": ProviderState(provider="discord", issue="unreachable")}


def say(row=None, *, status="preview", states=None, alive=True):
    row = row if row is None else GroupSync(next_at=NOW + timedelta(hours=1), **row)
    scene = StatusContext(NOW, states or {}, is_worker_alive=alive)
    group = Group(name="A", status=status, cohort=Cohort(first_known_at=NOW))
    found = describe(row, group, DiscordProvider().spec, scene)
    return found.level, found.words, found.again


@pytest.mark.parametrize(
    ("row", "more", "said"),
    [
        (None, {}, (Level.WORKING, "being checked", False)),
        (DUE, {}, (Level.WORKING, "being checked", False)),
        (DUE | ASKED, {}, (Level.WORKING, "being set up", False)),
        (DUE | ASKED | STANDS, {}, (Level.WORKING, "being checked", False)),
        (DUE, {"alive": False}, (Level.WAITING, "waiting for a worker", False)),
        (SETTLED | STANDS, {"alive": False}, (Level.FINE, "in sync", False)),
        (SETTLED | STANDS, {}, (Level.FINE, "in sync", False)),
        (SETTLED | STANDS, {"states": AWAY}, (Level.FINE, "in sync", False)),
        (SETTLED | ASKED, {}, (Level.WAITING, "requested, not complete yet", False)),
        (SETTLED, {}, (Level.TODO, "not set up yet", False)),
        (SETTLED, {"status": "cancelled"}, (Level.FINE, "ended", False)),
        (
            SETTLED | {"issue": "needs_infrastructure"},
            {},
            (Level.TODO, "not set up yet", False),
        ),
        (
            DUE | ASKED | {"issue": "needs_infrastructure"},
            {},
            (Level.WORKING, "being set up", False),
        ),
        (
            DUE,
            {"states": AWAY},
            (
                Level.WAITING,
                "waiting: The service is unreachable or returns server errors.",
                False,
            ),
        ),
        (
            SETTLED | {"issue": "no_members"},
            {},
            (Level.BAD, "The group has no members, so nothing is created for it.", False),
        ),
        (
            DUE | {"issue": "no_members"},
            {},
            (Level.BAD, "The group has no members, so nothing is created for it.", True),
        ),
        (
            SETTLED | STANDS | {"issue": "renamed"},
            {},
            (
                Level.TODO,
                "A channel or role of this group was renamed in Discord. Nothing else changes.",
                False,
            ),
        ),
        (
            SETTLED | {"issue": "no_one_has_access"},
            {},
            (
                Level.WAITING,
                "Set up. No one from this group has joined the Discord server yet.",
                False,
            ),
        ),
        (
            SETTLED | {"issue": "rate_limited"},
            {},
            (Level.WAITING, "The service asked Lens to slow down.", False),
        ),
        (
            SETTLED | {"issue": "refused", "failures": 1},
            {},
            (Level.BAD, "The service refused a call.", False),
        ),
        (
            SETTLED | {"issue": "a code of another version"},
            {},
            (Level.BAD, "Something is wrong.", False),
        ),
    ],
)
def test_the_status_of_a_group_is_described_by_these_texts(row, more, said, settings):
    settings.DISCORD_BOT_TOKEN, settings.DISCORD_GUILD_ID = "sandbox", 1
    assert say(row, **more) == said


def test_a_required_integration_that_is_not_configured_is_bad_news(settings):
    settings.DISCORD_BOT_TOKEN = ""
    level, words, _ = say(SETTLED)
    assert level == Level.BAD
    assert words == "Discord is not configured, so no group can become active."


def test_an_optional_integration_that_is_not_configured_is_off(settings):
    from calendarsync.provider import CalendarProvider

    settings.GOOGLE_CALENDAR_ID = ""
    scene = StatusContext(NOW, {}, is_worker_alive=True)
    found = describe(None, Group(name="A"), CalendarProvider().spec, scene)
    assert (found.level, found.words) == (Level.OFF, "not configured")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (SETTLED, "In sync since Mon 4 Jan 2027, 10:00."),
        (DUE, "Waiting to be compared since Mon 4 Jan 2027, 10:00."),
        (
            SETTLED | {"next_at": NOW - timedelta(minutes=1)},
            "Waiting to be compared since Mon 4 Jan 2027, 11:59.",
        ),
        (
            SETTLED | {"has_waiting_work": True, "issue": "rate_limited"},
            "Waiting for Discord’s limit since Mon 4 Jan 2027, 10:00.",
        ),
        (
            SETTLED | {"has_waiting_work": True, "issue": "forbidden"},
            "Out of sync since Mon 4 Jan 2027, 10:00.",
        ),
        (
            SETTLED | {"issue": "nobody_has_access"},
            "In sync since Mon 4 Jan 2027, 10:00.",
        ),
    ],
)
def test_a_page_says_since_when_a_group_is_in_sync_or_not(row, said):
    row = {"next_at": NOW + timedelta(hours=1), "sync_since": NOW - timedelta(hours=2)} | row
    condition = GroupSync(**row).in_sync(NOW)
    assert describe_since(condition, DiscordProvider().spec) == said
