"""Who may be written to: people who have used the bot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import User
from discordsync.models import DmChannel
from discordsync.services import record_use

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ALICE = 100000000000000101

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alice() -> User:
    return User.objects.create_user("alice@example.org", name="Alice", discord_id=ALICE)


def test_a_person_who_used_the_bot_has_a_dm_channel_with_the_last_time() -> None:
    record_use(ALICE, now=NOW)
    record_use(ALICE, now=NOW + timedelta(days=1))
    line = DmChannel.objects.get()
    assert (line.discord_id, line.last_used_at) == (ALICE, NOW + timedelta(days=1))
    assert line.channel_id is None


def test_an_unknown_account_is_not_recorded() -> None:
    record_use(ALICE + 1, now=NOW)
    assert not DmChannel.objects.exists()


def test_using_the_bot_opens_a_closed_line_and_keeps_its_channel() -> None:
    DmChannel.objects.create(
        discord_id=ALICE, last_used_at=NOW, channel_id=7, refused_at=NOW, refused_reason="Closed."
    )
    record_use(ALICE, now=NOW + timedelta(hours=1))
    line = DmChannel.objects.get()
    assert (line.refused_at, line.refused_reason, line.channel_id) == (None, "", 7)
