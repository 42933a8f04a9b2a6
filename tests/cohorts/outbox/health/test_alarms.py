"""What does not go out for an hour is on the staff's start page, and raises one alarm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
from django.db import connection, transaction
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport

from cohorts.models import User
from cohorts.outbox import services
from cohorts.outbox.collecting import collect
from cohorts.outbox.health import parts
from cohorts.outbox.health.alarms import find_alarms, raise_alarms
from cohorts.outbox.models import Message, OutboxPart
from tests.support.processes import wait_until
from tests.support.race import waits_for_a_lock

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def pending(add_members, now) -> list[User]:
    """Alice and Bob each have a pending note by e-mail, since now and for a day."""
    people = add_members("Alice", "Bob")
    collect(None, now=now)
    Message.objects.update(due_at=now)
    return people


@pytest.fixture
def reported() -> Iterator[list[dict[str, Any]]]:
    """What reached Sentry.

    Without the integrations that it finds by itself, which would record each query of all later
    tests of this process.
    """
    events: list[dict[str, Any]] = []

    class Keep(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            event = envelope.get_event()
            if event:
                events.append(event)

    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=Keep,
        include_local_variables=False,
        default_integrations=False,
        integrations=[LoggingIntegration()],
    )
    yield events
    sentry_sdk.get_global_scope().set_client(None)


def headlines(now) -> list[str]:
    return [alarm.headline for alarm in find_alarms(now)]


def test_a_dead_mail_server_raises_one_alarm_after_an_hour_and_the_emails_stay_pending(
    pending, now, reported
):
    for minutes in range(0, 180, 10):
        moment = now + minutes * MINUTE
        parts.record_failure("email", "No answer for alice@example.org.", now=moment)
        assert bool(raise_alarms(moment)) == (minutes == 60)
    assert len(reported) == 1
    event = reported[0]
    assert "E-mail: failing for an hour" in str(event["logentry"])
    assert event["level"] == "error"
    assert "alice@example.org" not in str(event)
    assert set(Message.objects.values_list("state", flat=True)) == {"pending"}


def test_the_alarm_is_raised_again_when_it_fails_again(pending, now, reported):
    parts.record_failure("email", "It is down.", now=now)
    assert raise_alarms(now + HOUR)
    parts.record_success("email")
    services.mark_sent(Message.objects.first().pk, now=now + HOUR)
    assert not raise_alarms(now + HOUR + MINUTE)
    parts.record_failure("email", "It is down.", now=now + 2 * HOUR)
    assert raise_alarms(now + 3 * HOUR)
    assert len(reported) == 2


@pytest.mark.parametrize("channel", ["email", "discord_channel"])
def test_messages_that_wait_for_an_hour_are_an_alarm_though_nothing_failed(pending, now, channel):
    """No worker, a paused provider, a hung cluster: no one has noted any failure."""
    Message.objects.update(channel=channel)
    assert headlines(now + HOUR - MINUTE) == []
    (alarm,) = find_alarms(now + HOUR)
    assert "nothing sent for an hour" in alarm.headline
    assert alarm.sentence == "2 messages have been waiting for more than an hour."
    assert len(raise_alarms(now + HOUR)) == 1
    assert raise_alarms(now + HOUR + MINUTE) == []

    services.mark_sent(Message.objects.first().pk, now=now + HOUR + MINUTE)
    assert headlines(now + HOUR + MINUTE) == []


@pytest.mark.parametrize(
    "waits_for",
    [
        {"cutoff_at": timedelta(0)},
        {"next_try_at": timedelta(days=2)},
        {"created_at": timedelta(minutes=30)},
    ],
    ids=["it is too late", "only staff can have it tried", "it is new"],
)
def test_what_waits_for_something_else_is_no_alarm(pending, now, waits_for):
    Message.objects.update(**{field: now + span for field, span in waits_for.items()})
    assert headlines(now + HOUR) == []


def test_people_without_an_address_are_no_alarm(pending, now):
    User.objects.update(email=None)
    assert headlines(now + HOUR) == []


def test_while_everything_is_held_the_page_says_that_and_no_more(pending, now, settings):
    settings.INSTALLATION_ID = "another"
    assert headlines(now + HOUR) == []


def test_stopped_direct_messages_raise_an_alarm_at_once_and_staff_resume_them(now, academy, caplog):
    parts.close("discord_dm", "Discord said 403.", now=now)
    with caplog.at_level(logging.ERROR):
        (alarm,) = raise_alarms(now)
    assert alarm.headline == "Discord direct message: closed"
    assert "Developer Portal" in alarm.fix
    assert caplog.text.count("Discord direct message: closed") == 1
    parts.record_success("discord_dm")  # one that was under way
    assert headlines(now) == ["Discord direct message: closed"]
    parts.reopen("discord_dm")
    assert headlines(now) == []


def test_a_source_that_a_new_version_no_longer_has_is_no_alarm(now, academy):
    parts.record_failure("former source", "KeyError: 'week'", now=now)
    assert raise_alarms(now + HOUR) == []


@pytest.mark.django_db(transaction=True)
def test_a_failure_leaves_a_channel_closed_that_another_worker_closes_meanwhile(now):
    parts.record_failure("discord_dm", "No answer.", now=now)
    failing = Thread(target=in_thread, args=(parts.record_failure, "discord_dm", now))
    with transaction.atomic():
        parts.close("discord_dm", "Discord said 403.", now=now)
        failing.start()
        wait_until(waits_for_a_lock, 30, "nothing waits")
    failing.join(30)
    assert OutboxPart.objects.get().failures == 3
    assert parts.is_closed("discord_dm")


def in_thread(act: Callable[..., None], name: str, now: datetime) -> None:
    try:
        act(name, "No answer.", now=now)
    finally:
        connection.close()


def test_a_failure_that_no_one_can_prove_is_forgotten_when_nothing_waits(pending, now):
    Message.objects.update(channel="discord_channel", state="expired")
    parts.record_failure("discord_channel", "Discord said 403.", now=now)
    raise_alarms(now + HOUR)
    assert OutboxPart.objects.get().failing_since is None
