"""After a restore or a copy, what was due before may have been sent already: staff choose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cohorts import clock
from cohorts.models import Installation, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.selectors import due_messages
from cohorts.outbox.services import begin, claim, expire_late, send_anyway
from cohorts.outbox.tasks import collect_all, send_emails
from cohorts.services.installation import accept_copy, accept_original, break_seal

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_question(add_members, settings, now):
    """Alice's e-mail was due an hour ago and Bob's is due now; since a minute nothing is sent."""
    add_members("Alice")
    collect(None, now=now)
    settings.INSTALLATION_ID = "restored"
    Installation.objects.update(doubted_at=now - timedelta(minutes=1))
    bob = add_members("Bob")[0]
    bob.memberships.update(joined_at=clock.now())
    return bob


def test_b2_what_was_due_before_a_restore_is_listed_and_sent_only_if_staff_choose(
    in_question, mail_server, client
):
    accept_original(Installation.objects.get())
    collect_all()
    send_emails()
    assert mail_server.recipients == [in_question.email]  # it fell due while all was held

    unsure = Message.objects.get(state="unsure")
    assert unsure.not_sent_reason.startswith("It may already have been sent")
    client.force_login(User.objects.create_superuser("olga@example.org"))
    address = reverse("admin:outbox_message_changelist")
    page = client.get(address, {"state__exact": "unsure"}).content.decode()
    assert "may already have been sent" in page
    chosen = {"action": "send_anyway", "_selected_action": [unsure.pk]}
    client.post(address, chosen)
    send_emails()
    collect_all()
    assert sorted(mail_server.recipients) == sorted([in_question.email, unsure.user.email])
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


def test_b2_what_no_one_released_in_time_expires(in_question, mail_server):
    accept_original(Installation.objects.get())
    expire_late(clock.now())
    unsure = Message.objects.get(state="unsure")
    expire_late(unsure.cutoff_at)
    unsure.refresh_from_db()
    assert unsure.state == "expired"
    assert unsure.not_sent_reason.startswith("No one released it before the cutoff.")
    assert not send_anyway([unsure.pk], now=unsure.cutoff_at)


def test_b13_a_copy_sends_nothing_until_staff_have_seen_to_whom(in_question, mail_server, client):
    bob = in_question
    accept_copy(Installation.objects.get())
    collect_all()
    send_emails()
    assert mail_server.emails == []
    assert not claim(bob.messages.get().pk, seen=clock.now(), until=clock.now())
    Message.objects.update(channel="discord_channel")
    assert due_messages(["discord_channel"], clock.now()) == []
    Message.objects.update(channel="email")

    client.force_login(User.objects.create_superuser("olga@example.org"))
    page = client.get(reverse("sync:decide")).content.decode()
    assert "This copy sends no messages" in page
    assert "alice@example.org" in page
    assert "bob@example.org" in page
    assert (
        "This is a copy, and it sends no messages."
        in client.get("/admin/operations/").content.decode()
    )

    answer = client.post(reverse("sync:decide"), {"word": "send"}, follow=True)
    assert "This copy now sends messages." in answer.content.decode()
    collect_all()
    send_emails()
    assert mail_server.emails == []  # both were due before
    bob.memberships.update(joined_at=clock.now())
    Message.objects.all().delete()
    collect_all()
    send_emails()
    assert mail_server.recipients == [bob.email]


def test_b3_an_email_is_not_claimed_once_the_seal_is_broken(add_members, mail_server, now):
    """Also when the round had begun before: the condition is in the statement that claims."""
    add_members("Alice")
    collect(None, now=now)
    message = Message.objects.get()
    break_seal()
    assert not claim(message.pk, seen=message.next_try_at, until=now)
    assert not begin(message.pk, body="Hello", now=now)
    send_emails()
    assert mail_server.emails == []
