"""The page of one person: its parts, who may read which, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cohorts import clock
from cohorts.models import AccessState, FormerAddress, User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import ProviderState
from discordsync.bot.models import GuildMembership
from guestvisits.services.booking import book_visit
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


@pytest.fixture
def academy(db: None) -> Academy:
    academy = Academy(clock.now().replace(minute=0, second=0, microsecond=0))
    academy.add_member("Ana", "A", timezone="Asia/Tokyo", discord_id=200000000000000001)
    academy.add_member("Bea", "B")
    academy.add_facilitator("Fay", "A", "B")
    return academy


@pytest.fixture
def ana(academy: Academy) -> User:
    return User.objects.get(name="Ana")


def read(client: Client, person: User) -> str:
    answer = client.get(f"/admin/people/{person.pk}/")
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.content.decode().partition('id="content-main"')[2])
    return " ".join(unescape(text).split())


def staff_with(*permissions: str) -> Client:
    person = User.objects.create_user("vic@example.org", name="Vic", is_staff=True)
    for name in permissions:
        app, codename = name.split(".")
        person.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = Client()
    client.force_login(person)
    return client


def test_the_head_names_address_discord_zone_and_former_addresses(staff, ana):
    FormerAddress.objects.create(user=ana, email="old@example.org")
    User.objects.filter(pk=ana.pk).update(discord_name="ana_b")
    page = read(staff, ana)
    assert "ana@example.org" in page
    assert "old@example.org" in page
    assert "ana_b" in page
    assert "Asia/Tokyo" in page


def test_a_membership_shows_its_slot_in_the_persons_and_the_readers_zone(staff, ana, academy):
    page = read(staff, ana)
    assert "Group A , Autumn" in page
    assert "Participant since" in page
    assert "(UTC)" in page
    assert "(Tokyo)" in page
    assert "(Berlin)" in page, "Olga's own"


def test_next_meetings_show_the_answer_and_the_visit_instead(staff, ana, academy):
    now = clock.now()
    set_rsvp(academy.meeting("A", 2).pk, ana.pk, "attending", now=now)
    book_visit(
        ana.pk,
        home_meeting_id=academy.meeting("A", 1).pk,
        host_meeting_id=academy.meeting("B", 1).pk,
        now=now,
    )
    page = read(staff, ana)
    assert "visits Group B instead" in page
    assert "attending" in page
    assert "no answer yet" in page
    assert "Group B, week 1" in page


def test_messages_show_words_time_channel_and_result(staff, ana):
    now = clock.now()
    for state, sent_at in (("sent", now), ("expired", None)):
        Message.objects.create(
            key=state,
            kind="meeting_moved",
            channel="email",
            user=ana,
            state=state,
            due_at=now,
            cutoff_at=now + timedelta(days=1),
            sent_at=sent_at,
            subject="Moved",
            body="We meet later.",
            not_sent_reason="" if sent_at else "The mail server was down.",
        )
    page = read(staff, ana)
    assert "Meeting moved" in page
    assert "We meet later." in page
    assert ", e-mail sent" in page
    assert "not sent in time" in page
    assert "The mail server was down." in page


@pytest.mark.parametrize(
    ("permissions", "shown", "hidden"),
    [
        (["cohorts.view_user"], [], ["Memberships", "Access", "Next meetings", "Messages"]),
        (
            ["cohorts.view_user", "cohorts.view_membership", "cohorts.view_group"],
            ["Memberships"],
            ["Access", "Next meetings", "Messages", "Move…", "End…"],
        ),
        (["cohorts.view_user", "outbox.view_message"], ["Messages"], ["Memberships", "Visits"]),
        (
            ["cohorts.view_user", "guestvisits.view_guestvisit"],
            ["Visits"],
            ["Book a visit", "Memberships"],
        ),
    ],
)
def test_each_part_is_shown_to_staff_who_may_read_it(ana, permissions, shown, hidden):
    page = read(staff_with(*permissions), ana)
    assert [one for one in shown if one not in page] == []
    assert [one for one in hidden if one in page] == []


def test_only_superusers_see_the_links_to_data_and_erasing(staff, ana):
    assert "Erase" in read(staff, ana)
    assert "Erase" not in read(staff_with("cohorts.view_user"), ana)


def test_a_person_who_left_the_server_is_shown_with_the_day(staff, ana, academy):
    now = clock.now()
    GuildMembership.objects.create(user=ana, joined_at=now - timedelta(days=9), left_at=now)
    AccessState.objects.create(
        user=ana, group=academy.groups["A"], provider="discord", state="not_joined"
    )
    ProviderState.objects.create(provider="discord", last_seen_at=now)
    assert "left the server" in read(staff, ana)
