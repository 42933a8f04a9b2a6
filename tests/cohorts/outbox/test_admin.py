"""The outbox in the admin: found by person, explained in a sentence, tried again or dropped."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cohorts.models import User
from cohorts.outbox import services
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message, MessageChoice, OutboxPart, kind_title, kind_titles
from cohorts.outbox.registry import notifications, topics

pytestmark = pytest.mark.django_db

LIST = "admin:outbox_message_changelist"


@pytest.fixture
def staff(admin_user, client) -> User:
    client.force_login(admin_user)
    return admin_user


@pytest.fixture
def admin_user(db) -> User:
    return User.objects.create_superuser("staff@example.org", "x", name="Sam")


@pytest.fixture
def pending(add_members, now):
    people = add_members("Alice", "Bob")
    collect(None, now=now)
    return people


def page(client, **query) -> str:
    return client.get(reverse(LIST), query).content.decode()


def detail(client, person) -> str:
    address = reverse("admin:outbox_message_change", args=[person.messages.get().pk])
    return client.get(address).content.decode()


def act(client, action: str, *people: User) -> str:
    chosen = [person.messages.get().pk for person in people]
    data = {"action": action, "_selected_action": chosen}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_messages_are_found_by_person_kind_channel_and_state(client, staff, pending):
    bob = pending[1]
    services.mark_dropped(bob.messages.get().pk, why="Not wanted.")
    assert "1 message" in page(client, q="alice@example.org")
    assert "1 message" in page(client, user__id__exact=bob.pk)
    assert "1 message" in page(client, state__exact="pending")
    assert "2 messages" in page(client, kind="note", channel__exact="email")


def test_each_kind_of_message_has_its_own_title_for_people(client, staff, pending):
    titles = {kind: kind_title(kind) for kind in notifications}
    assert len(set(titles.values())) == len(titles)
    assert set(titles) - set(kind_titles) <= {"note"}  # this test's own kind
    assert titles["nudge"] == "Request to answer an invitation"
    answer = client.get(reverse("admin:outbox_preview", args=["nudge"])).content.decode()
    assert "Preview: Request to answer an invitation" in answer
    assert "Nudge" not in answer


def test_preferences_and_failing_channels_are_named_in_words(client, staff, pending):
    MessageChoice.objects.create(user=pending[0], topic="reminders", route="off")
    OutboxPart.objects.create(name="discord_dm", failures=1)
    shown = client.get(reverse("admin:outbox_messagechoice_changelist")).content.decode()
    assert f">{topics['reminders'].title}<" in shown
    assert (
        "Discord direct message"
        in client.get(reverse("admin:outbox_outboxpart_changelist")).content.decode()
    )


def test_the_list_says_why_a_message_was_not_sent(client, staff, pending, now, settings):
    alice = pending[0]
    services.mark_failed(
        alice.messages.get().pk, why="No such person.", now=now, retry=services.BUG_RETRY
    )
    assert "No such person. Next retry at" in page(client)
    assert "It is due now" in page(client)
    OutboxPart.objects.create(name="email", issue="The mail server is away.", failing_since=now)
    assert page(client).count("The mail server is away. It is retried every minute.") == 2
    settings.INSTALLATION_ID = "another"
    assert page(client).count("confirm first whether this is a copy") == 2


def test_the_text_is_shown_with_real_data(client, staff, pending):
    alice = pending[0]
    type(alice).objects.filter(pk=alice.pk).update(name="<i>Alice</i>")
    shown = detail(client, alice)
    assert "Note for &lt;i&gt;Alice&lt;/i&gt;: Hello" in shown
    assert "Hello &lt;i&gt;Alice&lt;/i&gt;," in shown
    assert "<i>Alice" not in shown
    assert "<iframe sandbox srcdoc=" in shown


def test_a_text_that_cannot_be_rendered_says_so(client, staff, pending):
    alice, bob = pending
    alice.messages.update(context={"n": 0})
    bob.messages.update(context={"over": True})
    assert "The text cannot be rendered: integer division" in detail(client, alice)
    assert "It would no longer be sent: The note is no longer true." in detail(client, bob)


def test_staff_drop_a_message_and_make_it_pending_again(client, staff, pending):
    alice = pending[0]
    assert "1 of 1 messages will not be sent." in act(client, "drop", alice)
    message = alice.messages.get()
    assert (message.state, message.not_sent_reason) == ("dropped", "Sam decided not to send it.")
    assert "1 of 1 messages will be retried now." in act(client, "retry", alice)
    assert alice.messages.get().state == "pending"


def test_what_was_sent_is_neither_dropped_nor_tried_again(client, staff, pending, now):
    alice = pending[0]
    services.mark_sent(alice.messages.get().pk, now=now)
    assert "1 of 2 messages unchanged: already sent or closed." in act(client, "drop", *pending)
    assert "1 of 2 messages unchanged: already sent, on their way, or too late." in act(
        client, "retry", *pending
    )
    assert Message.objects.get(user=alice).state == "sent"


def test_a_person_who_may_only_view_changes_nothing(client, pending, django_user_model):
    from django.contrib.auth.models import Permission

    viewer = User.objects.create_user("viewer@example.org", name="Vi", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(viewer)
    assert client.get(reverse(LIST)).status_code == 200
    act(client, "drop", pending[0])
    assert pending[0].messages.get().state == "pending"


def test_the_list_costs_the_same_for_two_and_for_ten(client, staff, add_members, now, settings):
    settings.SANDBOX = False  # a movable clock is read from the database now and then

    def count_queries(people: int) -> int:
        add_members(*(f"Person {people}.{n}" for n in range(people)))
        collect(None, now=now)
        with CaptureQueriesContext(connection) as queries:
            page(client)
        return len(queries)

    count_queries(1)  # reads what the admin keeps in memory
    assert count_queries(2) == count_queries(10)
