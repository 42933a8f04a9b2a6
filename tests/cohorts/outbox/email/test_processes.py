"""E-mail from several processes, and from one that dies in the middle."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from cohorts import clock
from cohorts.outbox import services
from cohorts.outbox.collecting import collect
from cohorts.outbox.email import rounds
from cohorts.outbox.models import Message, OutboxPart
from tests.support import workers
from tests.support.processes import wait_until
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_TIMEOUT", "TEMPLATES")


@pytest.fixture
def start_sender(settings, mail_server):
    """Call it to start a process that sends one round; all of them are ended with the test."""
    started = []

    def start():
        passed = {name: getattr(settings, name) for name in MAIL}
        started.append(workers.start(calls="send_emails", **passed))
        return started[-1]

    yield start
    for process in started:
        workers.kill(process)


def kill_at(held, process) -> None:
    """End the process where the server holds it; the answer comes when it is dead."""
    assert held.reached.wait(30)
    workers.kill(process)
    held.released.set()


def test_of_two_rounds_at_once_the_later_sends_the_rest_and_each_email_once(
    add_members, mail_server, start_sender, settings, now
):
    settings.EMAIL_TIMEOUT = 60  # the first waits until the process of the second has started
    people = add_members(30)
    collect(None, now=now)
    later, begun, has_ended = [], [], threading.Event()

    def begin_another(verb: str, _: str) -> None:
        """Neither goes on before both have an e-mail in hand."""
        if verb == "MAIL":
            begun.append(verb)
            if len(begun) == 1:
                later.append(start_sender())
                wait_until(lambda: len(begun) == 2, 30, "no second round")
            elif len(begun) == 2:
                has_ended.wait(30)

    mail_server.rules.append(begin_another)
    assert not rounds.send_round()
    assert len(mail_server.emails) == 1
    has_ended.set()
    workers.finish(*later)

    assert Counter(mail_server.recipients) == {person.email: 1 for person in people}
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    assert mail_server.connections == 2


def test_a_round_asks_for_another_one_if_an_email_became_due_meanwhile(
    add_members, mail_server, now
):
    add_members("Ann")
    collect(None, now=now)

    def become_due(verb: str, _: str) -> None:
        if verb == "MAIL" and not mail_server.emails:
            add_members("Bob")
            collect(None, now=now)
            connection.close()

    mail_server.rules.append(become_due)
    assert rounds.send_round()
    assert not rounds.send_round()
    assert len(mail_server.emails) == 2


@pytest.mark.parametrize(
    ("stage", "arrived"),
    [in_matrix("CONNECT", 0), in_matrix("MAIL", 0), in_matrix("DATA", 0), ("TAKEN", 1)],
    ids=["before the claim", "after the claim", "before the e-mail", "after the e-mail"],
)
def test_a_process_killed_while_sending_loses_no_email(
    add_members, mail_server, start_sender, set_clock, now, stage, arrived
):
    add_members("Alice")
    collect(None, now=now)
    held = mail_server.hold(stage)
    process = start_sender()
    kill_at(held, process)
    mail_server.mend()
    assert len(mail_server.emails) == arrived

    set_clock(now + rounds.CLAIM + timedelta(minutes=2))
    rounds.send_round()

    assert Message.objects.get().state == "sent"
    assert len(mail_server.emails) == arrived + 1
    assert len({email["Message-ID"] for email in mail_server.emails}) == 1


@pytest.mark.matrix
def test_no_one_takes_over_an_email_that_another_process_may_be_sending(
    add_members, mail_server, start_sender, now
):
    add_members("Alice")
    collect(None, now=now)
    held = mail_server.hold("MAIL")
    process = start_sender()
    kill_at(held, process)
    mail_server.mend()

    rounds.send_round()
    assert mail_server.emails == []
    assert OutboxPart.objects.count() == 0
    assert Message.objects.get().next_try_at > clock.now() + timedelta(minutes=14)


def test_what_staff_drop_while_a_round_is_under_way_is_not_sent(add_members, mail_server, now):
    add_members("Alice")
    collect(None, now=now)

    def drop(verb: str, _: str) -> None:
        if verb == "CONNECT":  # the round has read the message, and has not claimed it yet
            services.mark_dropped(Message.objects.get().pk, why="Staff dropped it.")
            connection.close()

    mail_server.rules.append(drop)
    rounds.send_round()
    assert mail_server.emails == []
    assert Message.objects.get().state == "dropped"
