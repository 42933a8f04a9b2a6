"""`/groups/<id>/`, the place in every invitation, for members and guests."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import User
from cohorts.services.memberships import end_membership
from discordsync.models import DiscordObject
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Meeting
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

VOICE = 500000000000000000


@pytest.fixture(autouse=True)
def _channels(academy: Academy) -> None:
    for group in academy.groups.values():
        DiscordObject.objects.create(
            key=f"voice_channel:{group.pk}",
            kind=DiscordObject.Kind.VOICE_CHANNEL,
            cohort=academy.cohort,
            group=group,
            outside_id=VOICE + group.pk,
        )


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A", timezone="Asia/Kolkata")


def get(person: User, address: str):
    client = Client()
    client.force_login(person)
    return client.get(address)


def page_of(person: User, academy: Academy, group: str):
    return get(person, f"/groups/{academy.groups[group].pk}/")


def text(answer) -> str:
    main = answer.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", strip_tags(main))


def has_button(answer, academy: Academy, group: str) -> bool:
    links = re.findall(r'<a role="button"[^>]*href="([^"]+)"', answer.content.decode())
    return sum(link.endswith(f"/{VOICE + academy.groups[group].pk}") for link in links) == 1


def visit(alice: User, academy: Academy, now: datetime, week: int = 1):
    return book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A", week).pk,
        host_meeting_id=academy.meeting("B", week).pk,
        now=now,
    )


def test_c1_a_member_finds_time_and_place_at_the_address_in_the_invitation(academy, alice, now):
    academy.add_member("Carol Other", "A")
    academy.add_facilitator("Fay Leads", "A")
    cancel_meeting(academy.meeting("A", 2).pk, now=now)
    answer = page_of(alice, academy, "A")
    assert answer.status_code == 200
    assert has_button(answer, academy, "A")
    page = text(answer)
    local = academy.meeting("A").starts_at + timedelta(hours=5, minutes=30)
    assert f"Week 1 {local:%A} {local.day} {local:%B}, {local:%H:%M}" in page
    assert "Week 2 cancelled" in page
    assert "Carol" not in page
    assert "Fay" not in page
    assert "<form" not in answer.content.decode().split("<main", 1)[1].split("</main>")[0]


def test_c1_a_guest_finds_the_visited_meeting_alone_for_as_long_as_the_window_lasts(
    academy, alice, now
):
    academy.add_member("Carol Other", "B")
    assert page_of(alice, academy, "B").status_code == 404
    host = visit(alice, academy, now).host_meeting
    answer = page_of(alice, academy, "B")
    assert has_button(answer, academy, "B")
    assert "Week 1" in text(answer)
    assert "Week 2" not in text(answer)
    assert "Carol" not in text(answer)
    Meeting.objects.filter(pk=host.pk).update(starts_at=now - timedelta(days=2))
    assert "The meeting that you visited is over." in text(page_of(alice, academy, "B"))
    Meeting.objects.filter(pk=host.pk).update(starts_at=now - timedelta(days=4))
    assert page_of(alice, academy, "B").status_code == 404


def test_c1_a_guest_whose_access_has_not_begun_is_led_to_the_own_visits(academy, alice, now):
    visit(alice, academy, now, week=3)
    answer = page_of(alice, academy, "B")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/meetings/")


@pytest.mark.parametrize("how", ["cancelled", "removed"])
def test_c1_whose_visit_or_membership_has_ended_finds_no_group(academy, alice, now, how):
    group = "B" if how == "cancelled" else "A"
    if how == "cancelled":
        host = visit(alice, academy, now).host_meeting
        cancel_visit(alice.pk, host_meeting_id=host.pk, now=now)
    else:
        end_membership(alice.memberships.get().pk, status="removed", why="", now=now)
    assert page_of(alice, academy, group).status_code == 404


def test_c1_the_pages_of_learners_and_facilitators_lead_into_the_voice_channel(academy, alice, now):
    assert has_button(get(alice, "/meetings/"), academy, "A")
    visit(alice, academy, now)
    mine = get(alice, "/meetings/")
    assert has_button(mine, academy, "A")  # from week 2 on
    assert has_button(mine, academy, "B")
    bob = academy.add_facilitator("Bob", "B")
    assert has_button(get(bob, "/groups/"), academy, "B")
    assert has_button(page_of(bob, academy, "B"), academy, "B")


def test_c1_without_a_channel_yet_the_page_says_so(academy, alice):
    DiscordObject.objects.update(outside_id=None)
    answer = page_of(alice, academy, "A")
    assert "voice channel is not set up yet" in text(answer)
    assert "discord.com/channels" not in answer.content.decode()
