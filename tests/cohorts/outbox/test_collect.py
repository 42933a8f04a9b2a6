"""Which messages become pending: each once, none from before our time, none too late."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from cohorts.models import Cohort, Installation
from cohorts.outbox import collecting
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message, MessageKind, OutboxPart
from cohorts.outbox.nudges import messages_pending
from cohorts.outbox.registry import message_sources
from cohorts.registries import own_name
from cohorts.signals import facts_changed
from tests.cohorts.outbox import notes as sources
from tests.support.listening import listening

pytestmark = pytest.mark.django_db


def test_a_pending_message_is_written_once(add_members, now):
    add_members("Alice", "Bob")
    assert [collect(None, now=now) for _ in range(3)] == [2, 0, 0]
    assert (
        Message.objects.filter(state="pending", next_try_at=now - timedelta(hours=1)).count() == 2
    )


def test_only_the_groups_named_are_read(add_members, academy, now):
    add_members("Alice")
    assert collect([academy.groups["B"].pk], now=now) == 0
    assert collect([], now=now) == 0
    assert collect([academy.groups["A"].pk], now=now) == 1


def test_what_is_not_due_yet_waits_for_a_later_look(add_members, now):
    add_members("Alice")
    assert collect(None, now=now - timedelta(hours=2)) == 0
    assert collect(None, now=now) == 1


def test_what_is_past_its_cutoff_never_becomes_pending(add_members, now):
    add_members("Alice")
    assert collect(None, now=now + sources.PENDING_FOR) == 0


def test_nothing_from_before_the_first_start_is_pending(add_members, now):
    add_members("Alice")
    Installation.objects.update(first_started_at=now - timedelta(minutes=59))
    assert collect(None, now=now) == 0


def test_nothing_from_before_the_cohort_was_known_is_pending(add_members, now):
    add_members("Alice")
    Cohort.objects.update(first_known_at=now - timedelta(minutes=59))
    assert collect(None, now=now) == 0


def test_a_kind_that_came_with_a_new_version_has_nothing_pending_from_before_it(add_members, now):
    add_members("Alice")
    MessageKind.objects.create(name="an older kind", known_since=now - timedelta(days=1))

    assert collect(None, now=now) == 0
    assert MessageKind.objects.get(name="note").known_since == now


def test_at_the_first_start_each_kind_is_as_old_as_the_installation(add_members, now):
    add_members("Alice")
    assert collect(None, now=now) == 1
    started = Installation.objects.get().first_started_at
    assert set(MessageKind.objects.values_list("known_since", flat=True)) == {started}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (sources.fail_by_mistake, "ZeroDivisionError: a mistake"),
        (sources.fail_with_broken_sql, "no_such_column"),
    ],
)
def test_a_failing_source_stops_no_other_and_is_shown(add_members, registered, now, broken, says):
    add_members("Alice")
    registered.add(message_sources, broken, order=-1)

    assert collect(None, now=now) == 1
    part = OutboxPart.objects.get()
    assert (part.name, part.failing_since) == (own_name(broken), now)
    assert says in part.issue


@pytest.mark.django_db(transaction=True)
def test_a_source_with_a_message_to_no_one_stops_no_other(add_members, registered, now):
    add_members("Alice")
    registered.add(message_sources, sources.pending_for_no_one, order=-1)
    assert collect(None, now=now) == 1
    assert OutboxPart.objects.get().failures == 1


def test_a_source_that_works_for_some_groups_is_still_failing(registered, academy, now):
    """Runs collect for some groups far more often than once an hour, when staff are alarmed."""

    def fail_for_all(group_ids, since, now):
        return [] if group_ids else sources.fail_by_mistake(group_ids, since, now)

    registered.only(message_sources, fail_for_all)
    collect(None, now=now)
    collect([academy.groups["B"].pk], now=now + timedelta(minutes=1))
    assert OutboxPart.objects.get().failing_since == now


def test_a_source_that_works_again_is_no_trouble_any_more(add_members, registered, now):
    registered.only(message_sources, sources.fail_by_mistake)
    collect(None, now=now)
    OutboxPart.objects.update(name="tests.cohorts.outbox.notes.pending_notes")
    registered.only(message_sources, sources.pending_notes)
    collect(None, now=now)
    assert OutboxPart.objects.get().failing_since is None


def test_groups_with_new_messages_for_discord_are_announced_and_no_facts(
    add_members, registered, academy, now
):
    add_members("Alice")
    with listening(messages_pending, facts_changed) as heard:
        collect(None, now=now)
        assert heard == []  # an e-mail concerns no provider
        registered.only(message_sources, sources.pending_channel_notes)
        collect(None, now=now)
        collect(None, now=now)
    assert heard == [{Message.Channel.DISCORD_CHANNEL: {academy.groups["A"].pk}}]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_collect_at_once_write_each_message_once(add_members, now):
    add_members(20)
    barrier, new = threading.Barrier(4), []

    def work() -> None:
        try:
            barrier.wait(10)
            new.append(collect(None, now=now))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(new) == Message.objects.count() == 20
    assert OutboxPart.objects.count() == 0


def test_a_look_that_finds_nothing_new_costs_the_same_for_any_number(
    add_members, now, django_assert_num_queries
):
    add_members(30)
    collect(None, now=now)
    # bounds: 2, failing parts: 1, the source: 1, first known: 1, known keys: 1
    with django_assert_num_queries(6):
        collect(None, now=now)


# -- many at once --------------------------------------------------------------------------------


def test_c20_many_messages_are_written_in_batches_and_the_rest_a_minute_later(
    add_members, now, monkeypatch
):
    """A task that runs into the queue's limit takes its cluster with it."""
    add_members("Alice", "Bob", "Carol", "Dora", "Emil")
    monkeypatch.setattr(collecting, "BATCH", 2)
    monkeypatch.setattr(collecting, "COLLECT_SECONDS", 0)
    assert [collect(None, now=now) for _ in range(4)] == [2, 2, 1, 0]
    Message.objects.all().delete()
    monkeypatch.setattr(collecting, "COLLECT_SECONDS", 30)
    assert collect(None, now=now) == 5
