"""Staff's word on whose installation this is silences everything that was due before it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.messages.models import Message
from cohorts.messages.services import collect
from cohorts.messages.tasks import collect_all, send_emails
from cohorts.models import Installation
from cohorts.services.installation import accept_copy, accept_original

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("word", [accept_copy, accept_original])
def test_what_was_due_before_the_word_is_never_sent(add_members, mail_server, settings, now, word):
    add_members("Alice")
    collect(None, now=now)
    add_members("Bob")
    settings.INSTALLATION_ID = "restored"
    word(Installation.objects.get())

    collect_all()
    send_emails()

    assert mail_server.letters == []
    assert Message.objects.get().why_not == (
        "It was due before staff said whose installation this is."
    )


def test_what_falls_due_after_the_word_is_sent(add_members, academy, mail_server, settings):
    settings.INSTALLATION_ID = "restored"
    accept_original(Installation.objects.get())
    alice = add_members("Alice")[0]
    alice.memberships.update(joined_at=clock.now())

    collect(None, now=clock.now() + timedelta(seconds=1))
    send_emails()
    assert mail_server.recipients == [alice.email]
