"""Staff see each kind's text with real data, and why it is not sent; a preview sends nothing."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from cohorts.models import User
from cohorts.outbox.collecting import collect, read_bounds
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message, MessageChoice, MessageKind
from cohorts.outbox.registry import message_sources, notifications
from discordsync.models import DmChannel
from meetings.messages.reminders import pending_reminders

pytestmark = pytest.mark.django_db

SOURCES = tuple(message_sources.values())  # all of the product; the fixture `notes` leaves one


@pytest.fixture
def staff(client, db) -> User:
    staff = User.objects.create_superuser("staff@example.org", "x", name="Sam")
    client.force_login(staff)
    return staff


def preview(client, kind: str, **query) -> str:
    answer = client.get(reverse("admin:outbox_preview", args=[kind]), query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_message_is_shown_on_each_way_it_can_go(client, staff, add_members, now):
    add_members("<i>Alice</i>", "Bob")
    collect(None, now=now)
    bob = Message.objects.get(user__name="Bob")
    shown = preview(client, "note", message=bob.pk)
    assert "Note for Bob" in shown
    assert shown.index("E-mail</h2>") < shown.index("Discord direct message</h2>")
    assert "<iframe sandbox srcdoc=" in shown
    assert not Message.objects.exclude(state="pending").exists()


def test_names_are_shown_and_not_obeyed(client, staff, add_members, now):
    add_members("<i>Alice</i>")
    collect(None, now=now)
    answer = client.get(reverse("admin:outbox_preview", args=["note"]))
    outside = re.sub(r'srcdoc="[^"]*"', "", answer.content.decode())
    assert "<i>Alice" not in outside


def test_what_is_not_pending_yet_is_shown_as_it_will_be(client, staff, academy, registered):
    registered.only(message_sources, pending_reminders)
    academy.add_member("Alice", "A")
    shown = preview(client, "reminder")
    assert "No message of this type is due yet" in shown
    assert "Group A" in shown
    assert not Message.objects.exists()


def test_a_page_of_upcoming_messages_costs_the_same_for_any_number_of_people(
    client, staff, academy, registered, django_assert_max_num_queries
):
    registered.only(message_sources, *SOURCES)
    for number in range(20):
        academy.add_member(f"Person {number}", "A")
    with django_assert_max_num_queries(46):
        shown = preview(client, "reminder")
    assert shown.count("<option") > 20


KINDS = sorted(notifications)  # without the kinds of tests


def test_each_kind_has_a_page_before_there_is_anything_to_show(client, staff, notes):
    pages = {kind: preview(client, kind) for kind in KINDS}
    assert [kind for kind, page in pages.items() if "Nothing is sent." not in page] == []


def test_there_is_no_page_for_what_is_no_kind(client, staff):
    assert client.get(reverse("admin:outbox_preview", args=["nonsense"])).status_code == 404


def test_a_person_without_the_permission_sees_nothing(client, academy):
    nobody = User.objects.create_user("n@example.org", name="N", is_staff=True)
    client.force_login(nobody)
    assert client.get(reverse("admin:outbox_preview", args=["note"])).status_code == 403


def test_kinds_are_listed_with_their_topic_and_numbers(client, staff, add_members, now):
    add_members("Alice")
    collect(None, now=now)
    read_bounds({}, now)
    page = client.get("/admin/outbox/messagekind/").content.decode()
    assert MessageKind.objects.count() == page.count(">Preview</a>")
    assert "Meeting changes" in page


def test_the_list_says_that_someone_wants_no_such_message(client, staff, add_members, now, notes):
    (alice,) = add_members("Alice")
    collect(None, now=now)
    User.objects.filter(pk=alice.pk).update(wants_email=False)
    page = client.get("/admin/outbox/message/").content.decode()
    assert "The person turned off messages by e-mail. It will be dropped when it is due." in page


def test_staff_open_shut_messages_again(client, staff, now):
    parts.close("discord_dm", "Discord said 403.", now=now)
    data = {"action": "resume", "_selected_action": ["discord_dm"]}
    client.post("/admin/outbox/outboxpart/", data)
    assert not parts.is_closed("discord_dm")


def test_choices_and_lines_can_be_read(client, staff, now):
    staff.discord_id = 10**17
    staff.save()
    client.force_login(staff)  # a change of the account has ended the session
    MessageChoice.objects.create(user=staff, topic="reminders", route="off")
    DmChannel.objects.create(discord_id=10**17, last_used_at=now)
    assert "Off" in client.get("/admin/outbox/messagechoice/").content.decode()
    assert "Sam" in client.get("/admin/discordsync/dmchannel/").content.decode()
