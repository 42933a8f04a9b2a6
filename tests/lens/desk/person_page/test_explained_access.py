"""Why a person can or cannot see a group, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calendarsync.plan.review import ADDRESS_REFUSED
from cohorts.models import User
from cohorts.reconcile.status_text import Level, SyncStatus
from discordsync.plan.review import RULES_PENDING
from lens.desk.person_page.explained_access import PlaceFacts, explain

NOW = datetime(2027, 1, 5, 12, tzinfo=UTC)
FINE = SyncStatus(Level.FINE, "in sync")
BROKEN = SyncStatus(Level.BAD, "The channel was deleted.", remedy="recreate")
UNREACHED = SyncStatus(Level.WAITING, "No one has access yet.")
ANA = {"name": "Ana", "email": "ana@example.org", "discord_id": 200000000000000001}
DISCORD = PlaceFacts("discord", NOW - timedelta(days=1), "granted", "", FINE)
CALENDAR = replace(DISCORD, provider="calendar")


@pytest.mark.parametrize(
    ("place", "has", "reason", "page"),
    [
        (DISCORD, "has access", "", ""),
        (CALENDAR, "invited", "", ""),
        (replace(DISCORD, begins_at=None), "has access", "no longer belongs", "group"),
        (replace(DISCORD, begins_at=NOW + timedelta(days=2)), "not yet", "begins", ""),
        (replace(DISCORD, reason=RULES_PENDING), "no access yet", "rules", ""),
        (replace(CALENDAR, has_declined=True), "invited, declined", "Declined the whole", ""),
        (replace(DISCORD, state="not_joined"), "no access", "Not in the Discord server", "remind"),
        (
            replace(DISCORD, state="not_joined", status=UNREACHED),
            "no access",
            "Not in the Discord server",
            "remind",
        ),
        (
            replace(DISCORD, state="not_joined", status=BROKEN, is_set_up=False),
            "no access",
            "",
            "group",
        ),
        (
            replace(CALENDAR, state="failed", reason=ADDRESS_REFUSED),
            "not invited",
            ADDRESS_REFUSED,
            "settings",
        ),
        (replace(DISCORD, state="failed", reason="Forbidden."), "no access", "Forbidden.", "group"),
        (replace(DISCORD, state="pending", status=BROKEN), "no access", "", "group"),
        (replace(DISCORD, state="pending"), "on its way", "", "group"),
        (replace(DISCORD, state=""), "on its way", "", "group"),
    ],
)
def test_each_state_has_a_reason_and_a_page(place, has, reason, page):
    line = explain(User(**ANA), place, NOW)
    assert line.has == has
    assert reason in line.reason
    assert line.page == page


@pytest.mark.parametrize(
    ("person", "place", "reason", "page"),
    [
        (User(**ANA, is_active=False), DISCORD, "The account is closed.", "settings"),
        (
            User(**{**ANA, "discord_id": None}),
            replace(DISCORD, state="no_address"),
            "No Discord account is linked.",
            "remind",
        ),
        (
            User(**{**ANA, "email": None}),
            replace(CALENDAR, state="no_address"),
            "No e-mail address is known.",
            "settings",
        ),
        (
            User(**ANA),
            replace(DISCORD, state="not_joined", left_at=NOW),
            "Left the Discord server",
            "remind",
        ),
    ],
)
def test_what_the_person_lacks_comes_first(person, place, reason, page):
    line = explain(person, place, NOW)
    assert reason in line.reason
    assert (line.level, line.page) == (Level.BAD, page)


def test_someone_without_an_account_is_told_which_address_it_must_have():
    line = explain(User(**{**ANA, "discord_id": None}), replace(DISCORD, state="no_address"), NOW)
    assert "ana@example.org" in line.fix
