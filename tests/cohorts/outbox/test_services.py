"""What happens to a message between being pending and being sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Installation
from cohorts.outbox import services
from cohorts.outbox.models import Message
from cohorts.outbox.selectors import due_messages

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def message(academy, now) -> Message:
    return Message.objects.create(
        key="note:1",
        kind="note",
        channel="discord_channel",
        group=academy.groups["A"],
        due_at=now - MINUTE,
        next_try_at=now - MINUTE,
        cutoff_at=now + timedelta(hours=1),
        context={"said": "Hello"},
    )


def only_due(now):
    (due,) = due_messages(["discord_channel"], now)
    return due


def test_the_text_is_fixed_by_the_first_try(message, now):
    assert services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    Message.objects.update(context={"said": "Something else"})

    assert only_due(now).text == "Hello"
    services.begin(message.pk, channel=message.channel, body="Something else", now=now)
    assert only_due(now).text == "Hello"


def test_a_message_that_was_begun_may_have_arrived_since_its_first_try(message, now):
    assert only_due(now).tried_at is None
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    services.begin(message.pk, channel=message.channel, body="Hello", now=now + MINUTE)
    assert only_due(now + MINUTE).tried_at == now


def test_a_message_that_was_refused_has_certainly_not_arrived(message, now):
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    services.mark_failed(message.pk, why="It was refused.", now=now, retry=MINUTE)

    assert due_messages(["discord_channel"], now) == []
    assert only_due(now + MINUTE).tried_at is None
    services.begin(message.pk, channel=message.channel, body="Hello", now=now + MINUTE)
    assert only_due(now + MINUTE).tried_at == now + MINUTE


def test_a_message_that_perhaps_arrived_stays_so(message, now):
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    services.mark_unclear(message.pk, why="No answer came.", now=now, retry=MINUTE)
    assert only_due(now + MINUTE).tried_at == now


def test_a_sent_message_is_no_longer_pending(message, now):
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    services.mark_sent(message.pk, outside_id="42", now=now)

    assert due_messages(["discord_channel"], now) == []
    assert not services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    assert not services.retry_now([message.pk], now=now)
    message.refresh_from_db()
    assert (message.state, message.outside_id, message.sent_at) == ("sent", "42", now)


def test_a_message_that_arrived_after_all_is_sent_regardless_of_its_state(message, now):
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    services.mark_dropped(message.pk, why="Staff dropped it.")
    services.mark_sent(message.pk, outside_id="42", now=now)
    message.refresh_from_db()
    assert (message.state, message.not_sent_reason) == ("sent", "")


def test_each_try_has_the_same_nonce_and_each_message_its_own(message, now):
    first = only_due(now).nonce
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    assert only_due(now).nonce == first
    assert len(first) == 25
    Message.objects.update(key="note:2")
    assert only_due(now).nonce != first


def test_a_copy_of_the_installation_uses_other_nonces(message, now):
    first = only_due(now).nonce
    Installation.objects.update(installation_id="copy")
    assert only_due(now).nonce != first


def test_nothing_is_sent_past_its_cutoff(message, now):
    late = now + timedelta(hours=1)
    assert due_messages(["discord_channel"], late) == []
    assert services.expire_late(late) == 1
    message.refresh_from_db()
    assert (message.state, message.not_sent_reason) == ("expired", "It could not be sent in time.")
    assert not services.retry_now([message.pk], now=late)


def test_what_expires_keeps_the_last_reason(message, now):
    services.mark_failed(message.pk, why="The channel is gone.", now=now, retry=MINUTE)
    services.expire_late(now + timedelta(hours=1))
    message.refresh_from_db()
    assert message.not_sent_reason == "It could not be sent in time. The channel is gone."


def test_what_expires_while_its_arrival_is_unclear_says_so(message, now):
    services.begin(message.pk, channel=message.channel, body="Hello", now=now)
    services.expire_late(now + timedelta(hours=1))
    message.refresh_from_db()
    assert message.not_sent_reason.endswith("it is unknown whether it arrived.")


def test_nothing_is_sent_that_was_due_before_staff_said_whose_installation_this_is(message, now):
    Installation.objects.update(quiet_before=now)
    assert due_messages(["discord_channel"], now) == []
    services.expire_late(now)
    message.refresh_from_db()
    assert message.state == "unsure"


def test_a_message_that_cannot_be_rendered_holds_up_no_other(message, academy, now):
    Message.objects.create(
        key="note:broken",
        kind="note",
        channel="discord_channel",
        group=academy.groups["A"],
        due_at=now - MINUTE,
        next_try_at=now - MINUTE,
        cutoff_at=now + timedelta(hours=1),
        context={"n": 0},
    )
    assert only_due(now).key == "note:1"
    services.drop_obsolete(now)
    broken = Message.objects.get(key="note:broken")
    assert (broken.state, broken.failures) == ("pending", 1)
    assert "division" in broken.not_sent_reason


def test_what_is_no_longer_true_is_dropped(message, now):
    Message.objects.update(context={"over": True})
    assert due_messages(["discord_channel"], now) == []
    services.drop_obsolete(now)
    message.refresh_from_db()
    assert (message.state, message.not_sent_reason) == ("dropped", "The note is no longer true.")


def test_staff_may_make_a_dropped_message_pending_again(message, now):
    services.mark_dropped(message.pk, why="Staff dropped it.")
    assert services.retry_now([message.pk], now=now)
    assert only_due(now).key == "note:1"


def test_what_is_being_sent_is_not_sent_a_second_time_because_staff_retry_it(message, now):
    assert services.claim(message.pk, seen=message.next_try_at, until=now + 15 * MINUTE)
    services.begin(message.pk, body="Hello", now=now, channel=message.channel)
    assert not services.retry_now([message.pk], now=now)
    assert due_messages(["discord_channel"], now) == []
    assert services.retry_now([message.pk], now=now + 15 * MINUTE), "its worker may have died"


def test_staff_may_retry_what_may_have_arrived(message, now):
    services.begin(message.pk, body="Hello", now=now, channel=message.channel)
    services.mark_unclear(
        message.pk, why="The connection broke.", now=now, retry=timedelta(hours=6)
    )
    assert services.retry_now([message.pk], now=now)
    assert only_due(now).key == "note:1"


def test_long_reasons_are_cut_to_the_column(message, now):
    services.mark_failed(message.pk, why="x" * 999, now=now, retry=MINUTE)
    services.expire_late(now + timedelta(hours=1))
    message.refresh_from_db()
    assert len(message.not_sent_reason) == 300


def test_old_messages_are_forgotten_long_after_their_cutoff(message, now):
    assert services.delete_old(now + timedelta(days=179)) == 0
    assert services.delete_old(now + timedelta(days=181)) == 1


def test_what_is_due_is_read_in_two_queries(message, academy, now, django_assert_num_queries):
    Message.objects.bulk_create(
        Message(
            key=f"note:more:{n}",
            kind="note",
            channel="discord_channel",
            group=academy.groups["A"],
            due_at=now - MINUTE,
            next_try_at=now - MINUTE,
            cutoff_at=now + MINUTE,
        )
        for n in range(20)
    )
    with django_assert_num_queries(2):
        assert len(due_messages(["discord_channel"], now)) == 21
