"""The first message of a group: one welcome in its own channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Cohort, Group, Membership
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import message_sources
from cohorts.outbox.selectors import due_messages
from cohorts.outbox.services import drop_obsolete
from discordsync.delivery.discord_text import mentioned
from discordsync.models import DiscordObject
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 1, 12, 0, tzinfo=UTC)
GETTING_STARTED = (
    "\n\n**Getting started**\n"
    "1. Introduce yourself.\n"
    "2. Check your events.\n"
    "3. Prepare for week 1.\n"
    "\n"
    "Questions? Ask in this channel."
)


@pytest.fixture(autouse=True)
def _welcomes_alone(registered) -> None:
    registered.only(message_sources, "welcomes")


@pytest.fixture
def academy(without_providers) -> Academy:
    academy = Academy(NOW, groups="AB", meetings=8, course="AI Safety", name="Spring")
    Cohort.objects.update(first_known_at=NOW - timedelta(days=1))
    Group.objects.filter(name="Group A").update(activated_at=NOW, timezone="America/New_York")
    return academy


def only_text(now: datetime = NOW) -> str:
    (message,) = due_messages(["discord_channel"], now)
    return message.text


def test_a_group_is_welcomed_once_it_is_active(academy):
    alice = academy.add_member("Alice", "A", discord_id=200000000000000001)
    academy.add_facilitator("Bob", "A")
    group = academy.groups["A"]
    DiscordObject.objects.create(
        key=f"voice_channel:{group.pk}",
        kind="voice_channel",
        cohort=academy.cohort,
        group=group,
        outside_id=300000000000000001,
    )
    group.meetings.filter(number=1).update(starts_at=datetime(2030, 3, 6, 17, 0, tzinfo=UTC))
    Group.objects.filter(pk=group.pk).update(weekday=2, start_time="12:00", duration_minutes=90)

    assert collect(None, now=NOW) == 1

    assert only_text() == (
        "Welcome to **Group A** of AI Safety, Spring!\n"
        "\n"
        "**When** · every Wednesday, 12:00–13:30 (America/New\\_York), 8 meetings\n"
        "**First meeting** · <t:1899046800:F>, in your own time zone\n"
        "**Where** · <#300000000000000001>\n"
        "**Who**\n"
        "· Bob (facilitator)\n"
        f"· <@{alice.discord_id}>{GETTING_STARTED}"
    )


def test_a_voice_channel_that_was_deleted_is_not_named(academy):
    group = academy.groups["A"]
    DiscordObject.objects.create(
        key=f"voice_channel:{group.pk}",
        kind="voice_channel",
        cohort=academy.cohort,
        group=group,
        outside_id=300000000000000001,
        gone_at=NOW,
    )
    assert collect(None, now=NOW) == 1
    assert "**Where**" not in only_text()


def test_a_second_pass_makes_no_second_welcome_pending(academy):
    assert [collect(None, now=NOW), collect([academy.groups["A"].pk], now=NOW)] == [1, 0]
    assert Message.objects.get().key == f"welcome:{academy.groups['A'].pk}"


def test_only_the_groups_asked_about_are_read(academy):
    Group.objects.update(activated_at=NOW)
    assert collect([academy.groups["B"].pk], now=NOW) == 1
    assert Message.objects.get().group == academy.groups["B"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "preview"},
        {"activated_at": None},
        {"activated_at": NOW - timedelta(days=3)},
        {"weekday": None, "start_time": None},
        {"status": "cancelled"},
    ],
    ids=["is in preview", "was never active", "is old", "has no slot", "has ended"],
)
def test_no_welcome_for_a_group_that(academy, change):
    Group.objects.filter(name="Group A").update(**change)
    assert collect(None, now=NOW) == 0


def test_a_group_without_meetings_is_not_welcomed(academy):
    academy.groups["A"].meetings.update(status="cancelled")
    assert collect(None, now=NOW) == 0


def test_a_group_whose_channel_staff_pointed_at_is_not_welcomed(academy):
    group = academy.groups["A"]
    DiscordObject.objects.create(
        key=f"text_channel:{group.pk}",
        kind="text_channel",
        cohort=academy.cohort,
        group=group,
        outside_id=300000000000000002,
        imported=True,
    )
    assert collect(None, now=NOW) == 0


def test_a_group_that_was_active_before_its_cohort_was_known_is_not_welcomed(academy):
    Cohort.objects.update(first_known_at=NOW + timedelta(hours=1))
    assert collect(None, now=NOW + timedelta(hours=2)) == 0


def test_a_welcome_is_dropped_when_the_group_has_ended(academy):
    collect(None, now=NOW)
    Group.objects.filter(name="Group A").update(status="cancelled")

    assert due_messages(["discord_channel"], NOW) == []
    drop_obsolete(NOW)
    message = Message.objects.get()
    assert (message.state, message.not_sent_reason) == ("dropped", "The group has ended.")


def test_hostile_names_ping_no_one_and_break_nothing(academy):
    Group.objects.filter(name="Group A").update(name="@everyone <@&123456789012345678> `**x")
    academy.add_member("Mallory", "A", nickname="@here [free](https://evil.example) \u202eabc")
    academy.add_member("Long", "A", nickname="", discord_id=None)
    collect(None, now=NOW)

    (message,) = due_messages(["discord_channel"], NOW)
    assert mentioned(message.text) == ()
    assert "@everyone" not in message.text
    assert "@here" not in message.text
    assert "<@" not in message.text
    assert "://" not in message.text
    assert "\u202e" not in message.text


def test_a_very_large_group_still_fits_into_one_message(academy):
    for n in range(120):
        academy.add_member(f"Person {n:03} {'é*' * 50}", "A")
    collect(None, now=NOW)
    assert len(only_text()) <= 2000


def test_many_members_are_summed_up(academy):
    for n in range(33):
        academy.add_member(f"P{n:02}", "A", discord_id=200000000000000001 + n)
    collect(None, now=NOW)

    (message,) = due_messages(["discord_channel"], NOW)
    assert len(mentioned(message.text)) == 30
    assert message.text.endswith(f"· and 3 others{GETTING_STARTED}")


def test_someone_who_is_not_in_the_server_is_named(academy):
    alice = academy.add_member("Alice", "A", discord_id=200000000000000001)
    alice.access_states.create(group=academy.groups["A"], provider="discord", state="not_joined")
    collect(None, now=NOW)
    assert only_text().endswith(f"**Who**\n· Alice{GETTING_STARTED}")


def test_former_members_are_not_named(academy):
    academy.add_member("Alice", "A")
    Membership.objects.all().delete()
    collect(None, now=NOW)
    assert only_text().endswith(f"**Who**{GETTING_STARTED}")
