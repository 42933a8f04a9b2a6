"""What came and went while no worker ran is written down as too late, within bounds."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from cohorts.admin_base.reader_time import show_time
from cohorts.models import Cohort, Installation, Membership, User
from cohorts.outbox import collecting
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message, OutboxPart
from cohorts.outbox.registry import message_sources, notifications
from cohorts.registries import own_name
from cohorts.services.installation import accept_original, break_seal
from tests.cohorts.outbox import notes as sources
from tests.cohorts.outbox.every_kind import live_through
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# -- every kind ----------------------------------------------------------------------------------


def rows_after(down_from: datetime | None) -> Counter[tuple[str, str, str]]:
    """(kind, channel, person) of every message of two weeks."""
    for _ in live_through(NOW, down_from=down_from):
        pass
    rows = Message.objects.values_list("kind", "channel", "user__name")
    return Counter((kind, channel, name or "") for kind, channel, name in rows)


@cache
def usual_rows() -> Counter[tuple[str, str, str]]:
    """Where a worker runs all the time."""
    with transaction.atomic():
        rows = rows_after(None)
        transaction.set_rollback(True)
    return rows


# Messages that no one needs when a worker runs again: Jo cancelled her visit, Ida's ended because
# the meeting was moved, and Ned left.
JO = Counter(
    {
        ("visit_booked", "email", "Jo"): 1,
        ("guest_joins", "discord_channel", ""): 1,
        ("member_away", "discord_channel", ""): 1,
        ("member_stays", "discord_channel", ""): 1,
    }
)
IDA = Counter({("visit_booked", "email", "Ida"): 1, ("meeting_moved", "email", "Ida"): 1})
NED = Counter({("group_assigned", "email", "Ned"): 1})


@pytest.mark.parametrize(
    ("down_from", "superseded"),
    [
        (NOW, JO + IDA + NED),
        in_matrix(NOW + HOUR, JO + IDA),
        in_matrix(NOW + 3 * HOUR, Counter()),
    ],
)
def test_o11_every_message_that_came_and_went_while_no_worker_ran_has_a_row(
    without_providers, down_from, superseded
):
    usual = usual_rows()

    rows = rows_after(down_from)

    assert {kind for kind, _, _ in usual} == set(notifications)
    assert usual - rows == superseded
    assert rows - usual == Counter()
    late = Message.objects.filter(state="expired")
    assert late.filter(kind="visit_cancelled").exists()
    assert set(Message.objects.filter(due_at__lt=down_from, state="expired")) == set()
    assert all("no worker created messages" in message.not_sent_reason for message in late)


# -- one of them ---------------------------------------------------------------------------------


@pytest.fixture
def alice(add_members, now) -> User:
    """Her note was due an hour ago, and until 23 hours from now."""
    return add_members("Alice")[0]


def test_o11_staff_see_why_it_was_not_sent(alice, now, client):
    collect(None, now=now - 2 * HOUR)
    assert collect(None, now=now + 3 * DAY) == 0  # nothing to send
    collect(None, now=now + 3 * DAY)

    message = Message.objects.get()
    assert (message.state, message.user, message.channel) == ("expired", alice, "email")
    sam = User.objects.create_superuser("sam@example.org", name="Sam", timezone="Asia/Tokyo")
    client.force_login(sam)
    page = client.get(reverse("admin:outbox_message_changelist"), {"state__exact": "expired"})
    with timezone.override("Asia/Tokyo"):
        due, cutoff = map(show_time, (now - HOUR, now - HOUR + DAY))
    assert (
        "It could not be sent in time: no worker created messages then. None was running, or the "
        f"source of this type of message failed. It was due at {due} and had to be sent before "
        f"{cutoff}."
    ) in page.content.decode()


def test_o11_what_is_not_too_late_is_sent_however_long_no_worker_ran(add_members, now):
    add_members("Alice")
    assert collect(None, now=now + 22 * HOUR) == 1
    assert Message.objects.get().state == "pending"


def test_o11_a_source_that_failed_loses_nothing(alice, now, registered):
    registered.only(message_sources, sources.fail_by_mistake)
    for days in range(3):
        collect(None, now=now + days * DAY)
    OutboxPart.objects.update(name=own_name(sources.pending_notes))
    registered.only(message_sources, sources.pending_notes)
    collect(None, now=now + 3 * DAY)
    assert Message.objects.get().state == "expired"
    assert OutboxPart.objects.get().collected_at is None


def test_o11_too_many_for_one_minute_are_stored_in_the_next_ones(add_members, now, monkeypatch):
    add_members(5)
    monkeypatch.setattr(collecting, "BATCH", 2)
    monkeypatch.setattr(collecting, "COLLECT_SECONDS", 0)
    counts = []
    for minutes in range(4):
        collect(None, now=now + 3 * DAY + minutes * timedelta(minutes=1))
        counts.append(Message.objects.filter(state="expired").count())
    assert counts == [2, 4, 5, 5]


# -- bounds --------------------------------------------------------------------------------------


@pytest.fixture
def long_ago(now) -> datetime:
    """This installation and its cohort are known since a year."""
    long_ago = now - 365 * DAY
    Installation.objects.update(first_started_at=long_ago, quiet_before=long_ago)
    Cohort.objects.update(first_known_at=long_ago)
    return long_ago


def join_at(moment: datetime) -> None:
    Membership.objects.update(joined_at=moment)


def is_stored() -> bool:
    return Message.objects.exists()


def test_o11_what_was_too_late_at_the_last_collection_already_has_no_row(alice, now, long_ago):
    collect(None, now=now - 2 * DAY)
    join_at(now - 3 * DAY)  # known since yesterday only
    collect(None, now=now)
    assert not is_stored()


def test_a_failing_source_does_not_hold_back_the_time_of_the_others(
    alice, now, long_ago, registered
):
    registered.only(message_sources, sources.fail_by_mistake, sources.pending_notes)
    collect(None, now=now - 2 * DAY)
    join_at(now - 3 * DAY)  # known since yesterday only
    collect(None, now=now)
    assert not is_stored()


@pytest.mark.parametrize(("days", "stored"), [(14, True), (16, False)])
def test_o11_at_most_14_days_are_made_up_for(alice, now, long_ago, days, stored):
    collect(None, now=now - 60 * DAY)
    join_at(now - days * DAY)
    collect(None, now=now)
    assert is_stored() == stored


@pytest.mark.parametrize("known", ["installation", "cohort"])
def test_o11_an_old_cohort_has_no_rows_from_before_it_was_known_here(alice, now, long_ago, known):
    join_at(now - 3 * DAY)
    if known == "installation":
        Installation.objects.update(first_started_at=now - DAY, quiet_before=now - DAY)
    else:
        Cohort.objects.update(first_known_at=now - DAY)
    collect(None, now=now)
    assert not is_stored()


def test_o11_a_restored_database_has_no_rows_for_what_the_original_may_have_sent(
    alice, now, long_ago
):
    collect(None, now=now - 4 * DAY)
    join_at(now - 3 * DAY)
    break_seal()
    collect(None, now=now)
    Installation.objects.update(doubted_at=now)
    accept_original(Installation.objects.get())
    collect(None, now=now + HOUR)
    assert not is_stored()
    collect(None, now=now + 2 * HOUR)
    join_at(now + 3 * HOUR)
    collect(None, now=now + 4 * DAY)
    assert is_stored()


def test_o11_what_was_due_before_a_restore_is_not_called_unsent_after_a_long_downtime(
    alice, now, long_ago
):
    collect(None, now=now - 2 * HOUR)
    join_at(now - HOUR)
    Installation.objects.update(quiet_before=now)
    collect(None, now=now + 4 * DAY)  # its cutoff came long after the restore
    assert not is_stored()
