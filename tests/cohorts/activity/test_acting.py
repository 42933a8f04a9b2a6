"""Who acted is recorded alike, wherever a person acts; what follows from rules is Lens's own."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cohorts import clock
from cohorts.models import ActivityEntry, User
from discordsync.bot.handlers import answer_request
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.users import BotUser
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy

ACCOUNT = 200000000000000001

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


@pytest.fixture
def academy() -> Academy:
    return Academy(clock.now().replace(minute=0, second=0, microsecond=0))


@pytest.fixture
def alice(academy: Academy) -> User:
    return academy.add_member("Alice", "A", discord_id=ACCOUNT)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def acts() -> list[tuple[str, int | None]]:
    return list(ActivityEntry.objects.values_list("kind", "actor"))


def test_on_a_page_it_is_the_person_who_is_signed_in(academy: Academy, alice: User) -> None:
    page = reverse("answer", args=[academy.meeting("A").pk])
    signed_in(alice).post(page, {"rsvp": "tentative"})
    assert acts() == [("answered", alice.pk)]
    assert ActivityEntry.objects.get().changes == {"Week 1": ["", "Tentative"]}


def test_in_the_api_too(academy: Academy, alice: User) -> None:
    address = f"/api/meetings/{academy.meeting('A').pk}/answer"
    signed_in(alice).post(address, {"rsvp": "attending"}, content_type="application/json")
    assert acts() == [("answered", alice.pk)]


def test_to_the_bot_it_is_the_person_with_that_account(academy: Academy, alice: User) -> None:
    asked = BotRequest("say", (academy.meeting("A").pk, "attending"))
    answer_request(asked, BotUser(ACCOUNT, "Alice"), now=clock.now())
    assert acts() == [("answered", alice.pk)]


def test_the_same_answer_again_is_no_act(academy: Academy, alice: User) -> None:
    for _ in range(2):
        set_rsvp(academy.meeting("A").pk, alice.pk, "attending", now=clock.now())
    assert acts() == [("answered", None)]


@pytest.mark.django_db(transaction=True)
def test_a_visit_that_ends_because_staff_moved_the_meeting_is_ended_by_lens(
    academy: Academy, alice: User
) -> None:
    home, host = academy.meeting("A"), academy.meeting("B")
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=clock.now())
    root = User.objects.create_superuser("root@example.org", "a long password", name="Root")
    page = reverse("admin:meetings_meeting_move", args=[host.pk, "cancel"])
    client = signed_in(root)
    seen = client.get(page).context["step"].preview.digest
    client.post(page, {"seen": seen, "reason": "Bob is ill"})
    assert Meeting.objects.get(pk=host.pk).is_cancelled
    found = {kind: actor for kind, actor in acts() if kind != "visit_booked"}
    assert found == {"meetings_moved": root.pk, "visit_ended": None}
    moved = ActivityEntry.objects.get(kind="meetings_moved")
    assert moved.changes == {"Week 1": [{"at": host.starts_at.isoformat()}, "not held"]}
    assert moved.reason == "Bob is ill"
