"""`/meetings/messages/` and its API: people choose which messages come which way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from cohorts import clock
from cohorts.models import User
from cohorts.outbox.models import MessageChoice
from cohorts.outbox.rendering.links import unsubscribe_url
from cohorts.services.memberships import add_member, end_membership
from discordsync.services import record_use
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
PAGE = "/meetings/messages/"
API = "/api/users/me/messages"
EVERYTHING = {
    "topic_reminders": "email",
    "topic_changes": "email",
    "topic_visits": "email",
    "topic_groups": "email",
    "topic_letters": "email",
    "wants_email": "on",
    "wants_discord": "on",
}


@pytest.fixture
def alice(client) -> User:
    alice = User.objects.create_user("alice@example.org", name="Alice", discord_id=10**17 + 1)
    client.force_login(alice)
    return alice


@pytest.fixture
def academy(without_providers) -> Academy:
    return Academy(NOW, groups="A")


def chosen(person: User) -> dict[str, str]:
    return dict(MessageChoice.objects.filter(user=person).values_list("topic", "route"))


def test_reminders_can_be_switched_off_and_changes_cannot(client, alice):
    page = client.get(PAGE).content.decode()
    assert page.count('value="off"') == 1
    client.post(PAGE, EVERYTHING | {"topic_reminders": "off"})
    assert chosen(alice)["reminders"] == "off"
    answer = client.post(PAGE, EVERYTHING | {"topic_changes": "off"})
    assert answer.status_code == 400
    assert chosen(alice)["changes"] == "email"


def test_messages_on_discord_are_offered_to_people_who_have_used_the_bot(client, alice):
    page = client.get(PAGE).content.decode()
    assert "type /my-meetings" in page
    assert "Discord direct message" not in page
    assert client.post(PAGE, EVERYTHING | {"topic_visits": "discord_dm"}).status_code == 400

    record_use(alice.discord_id, now=clock.now())
    assert client.get(PAGE).content.decode().count("Discord direct message") == 5
    client.post(PAGE, EVERYTHING | {"topic_visits": "discord_dm"})
    assert chosen(alice)["visits"] == "discord_dm"


def test_the_way_out_by_one_click_shows_here_and_can_be_taken_back(client, alice, settings):
    client.post(unsubscribe_url(alice.pk).removeprefix(settings.SITE_URL))
    page = client.get(PAGE).content.decode()
    assert 'name="wants_email" id="id_wants_email" checked' not in page
    client.post(PAGE, EVERYTHING)
    alice.refresh_from_db()
    assert alice.wants_email
    assert 'id="id_wants_email" checked' in client.get(PAGE).content.decode()


def test_signed_out_visitors_are_asked_to_sign_in(client):
    assert client.get(PAGE).status_code == 302
    assert client.get(API).status_code == 403


def test_the_page_of_meetings_leads_here(client, alice):
    assert f'href="{PAGE}"' in client.get(reverse("my-meetings")).content.decode()


def test_the_api_returns_and_stores_choices(client, alice):
    told = client.get(API).json()
    assert [topic["name"] for topic in told["topics"]] == [
        "reminders",
        "changes",
        "visits",
        "groups",
        "letters",
    ]
    assert told["direct_line"] == "never"

    wish = {"topics": {"reminders": "off"}, "wants_discord": False}
    told = client.patch(API, wish, content_type="application/json").json()
    assert told["topics"][0]["way"] == "off"
    assert (told["wants_email"], told["wants_discord"]) == (True, False)
    assert chosen(alice) == {"reminders": "off"}


def test_only_people_who_facilitate_a_group_choose_about_substitutes(client, alice, academy):
    assert "Substitutes" not in client.get(PAGE).content.decode()
    assert "substitutes" not in {one["name"] for one in client.get(API).json()["topics"]}

    member = add_member(academy.groups["A"].pk, alice.pk, role="facilitator", now=NOW)
    assert "Substitutes" in client.get(PAGE).content.decode()
    assert "substitutes" in {one["name"] for one in client.get(API).json()["topics"]}
    client.post(PAGE, EVERYTHING | {"topic_substitutes": "off"})
    assert chosen(alice)["substitutes"] == "off"

    end_membership(member.pk, status="removed", now=NOW)
    assert "Substitutes" not in client.get(PAGE).content.decode()
    client.post(PAGE, EVERYTHING)
    assert chosen(alice)["substitutes"] == "off"


@pytest.mark.parametrize(
    ("topics", "code"),
    [
        ({"substitutes": "off"}, "no_such_topic"),
        ({"changes": "off"}, "not_open_to_you"),
        ({"reminders": "discord_dm"}, "not_open_to_you"),
        ({"nonsense": "email"}, "no_such_topic"),
        ({"reminders": "pigeon"}, "bad_input"),
    ],
)
def test_the_api_refuses_with_a_sentence(client, alice, topics, code):
    answer = client.patch(API, {"topics": topics}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert chosen(alice) == {}
