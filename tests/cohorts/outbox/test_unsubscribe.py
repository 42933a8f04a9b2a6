"""The way out of e-mails: one click, no sign-in, no one else's."""

from __future__ import annotations

import pytest
from django.test import Client

from cohorts import clock
from cohorts.models import User
from cohorts.outbox.models import Message
from cohorts.outbox.rendering.links import unsubscribe_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


def path_for(person: User, settings) -> str:
    return unsubscribe_url(person.pk).removeprefix(settings.SITE_URL)


def test_one_post_ends_the_emails(alice, settings):
    """As a mail program does it: without cookies and without a token of ours in the form."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post(path_for(alice, settings), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    alice.refresh_from_db()
    assert not alice.wants_email


def test_opening_the_page_unsubscribes_no_one(alice, settings, client):
    """Scanners of mails follow every link they see."""
    assert b"Stop e-mails" in client.get(path_for(alice, settings)).content
    alice.refresh_from_db()
    assert alice.wants_email


def test_staff_who_read_a_message_do_not_read_its_link(alice, client):
    client.force_login(User.objects.create_superuser("root@example.org", name="Root"))
    link = unsubscribe_url(alice.pk)
    now = clock.now()
    message = Message.objects.create(
        key="one",
        kind="meeting_moved",
        channel="email",
        user=alice,
        state="sent",
        due_at=now,
        cutoff_at=now,
        sent_at=now,
        subject="Moved",
        body=f"We meet later.\nStop e-mails: {link}",
        html=f'<p>We meet later.</p><a href="{link}">Stop e-mails</a>',
    )
    for page in (f"/admin/outbox/message/{message.pk}/change/", f"/admin/people/{alice.pk}/"):
        shown = client.get(page).content.decode()
        assert "We meet later." in shown
        assert "/unsubscribe/…/" in shown
        assert link.split("/")[-2] not in shown


def test_a_forged_address_ends_nothing(alice, settings, client):
    path = path_for(alice, settings)
    assert client.post(f"{path[:-2]}x/").status_code == 404
    assert client.post("/unsubscribe/1/").status_code == 404
    alice.refresh_from_db()
    assert alice.wants_email


def test_it_ends_only_ones_own(alice, settings, client):
    bob = User.objects.create_user("bob@example.org", name="Bob")
    client.post(path_for(alice, settings))
    bob.refresh_from_db()
    assert bob.wants_email
