"""E-mails that the mail server refuses: whose fault is it, and who else gets theirs?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.outbox.collecting import collect
from cohorts.outbox.email import rounds
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message, OutboxPart
from cohorts.outbox.tasks import send_emails
from tests.cohorts.outbox.email.test_rounds import NOBODY_THERE, pass_time, states, why_not

pytestmark = pytest.mark.django_db

UNKNOWN_PEOPLE = "uma", "umberto", "ursula"


@pytest.fixture
def pending_after_unknown(add_members, now):
    """Three people whose address is wrong have a note pending, then Alice and Bob."""
    unknown = add_members(*(name.title() for name in UNKNOWN_PEOPLE))
    collect(None, now=now)
    Message.objects.update(due_at=now - timedelta(hours=2))
    add_members("Alice", "Bob")
    collect(None, now=now)
    return unknown


def refuse_unknown(mail_server, code, said) -> None:
    for name in UNKNOWN_PEOPLE:
        mail_server.refuse("RCPT", code, said, to=name)


@pytest.mark.parametrize("said", [NOBODY_THERE, "5.1.1 User unknown"])
def test_refused_addresses_in_a_row_stop_no_one_else(pending_after_unknown, mail_server, said):
    refuse_unknown(mail_server, 550, said)
    send_emails()
    assert sorted(mail_server.recipients) == ["alice@example.org", "bob@example.org"]
    assert not OutboxPart.objects.filter(failing_since__isnull=False).exists()
    for person in pending_after_unknown:
        message = person.messages.get()
        assert (message.failures, message.state) == (1, "pending")
        assert why_not(person) == f"The mail server rejects the address: 550 {said}"
        assert message.next_try_at >= message.cutoff_at, "only staff retry it"


def test_a_code_that_names_the_recipient_blames_the_server_for_nothing(
    pending_after_unknown, mail_server, now
):
    Message.objects.exclude(user__in=pending_after_unknown).delete()
    refuse_unknown(mail_server, 550, "5.1.1 User unknown")
    send_emails()
    assert not OutboxPart.objects.filter(failing_since__isnull=False).exists()
    assert all(message.next_try_at >= message.cutoff_at for message in Message.objects.all())


def test_addresses_that_are_none_stop_no_one_else(pending_after_unknown, mail_server):
    for person in pending_after_unknown:
        type(person).objects.filter(pk=person.pk).update(email=f"{person.name}\n@example.org")
    send_emails()
    assert sorted(mail_server.recipients) == ["alice@example.org", "bob@example.org"]
    assert OutboxPart.objects.count() == 0


@pytest.mark.parametrize(
    "said", ["5.7.1 Relay access denied", "Client host [93.5.1.22] is on a block list"]
)
def test_a_server_that_refuses_us_is_asked_a_bounded_number_of_times(
    add_members, mail_server, now, said
):
    add_members(*(f"Person{number}" for number in range(30)))
    collect(None, now=now)
    mail_server.refuse("RCPT", 554, said)
    send_emails()
    assert Message.objects.filter(failures__gt=0).count() == rounds.MOST_REFUSED
    assert said in OutboxPart.objects.get(name=parts.EMAIL).issue

    mail_server.mend()
    pass_time(minutes=2)
    send_emails()
    assert states() == {"sent"}


def test_a_server_that_hangs_up_after_refusals_gives_up_none_of_those_emails(
    pending_after_unknown, mail_server
):
    refuse_unknown(mail_server, 554, "5.7.1 Relay access denied")
    mail_server.refuse("RCPT", 421, "4.7.0 Too many errors")
    send_emails()
    assert mail_server.emails == []
    mail_server.mend()
    pass_time(minutes=16)
    send_emails()
    assert states() == {"sent"}
