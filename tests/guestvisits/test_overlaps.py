"""Alternatives at the same time as another meeting of the person are marked, and stay bookable."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import Membership
from discordsync.bot.handlers import answer_request
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.users import BotUser
from guestvisits.services.alternatives import find_alternatives
from guestvisits.services.booking import book_visit
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

ACCOUNT = 200000000000000001


@pytest.fixture
def other(now) -> Academy:
    """Another course, whose groups meet at the same times."""
    return Academy(now, course="Other course", name="Winter")


@pytest.fixture
def alice(academy, other):
    """In group A here, and in group B of the other course."""
    alice = academy.add_member("Alice", "A", discord_id=ACCOUNT)
    Membership.objects.create(user=alice, group=other.groups["B"])
    return alice


def overlaps(alice, academy, now, week=1) -> dict[str, tuple[Meeting, ...]]:
    found = find_alternatives(alice.pk, academy.meeting("A", week).pk, now)
    return {option.meeting.group.name: option.overlaps for option in found.options}


def test_c11_an_overlap_with_another_meeting_is_named_and_can_be_booked(academy, other, alice, now):
    other.groups["B"].name = "Heron"
    other.groups["B"].save()
    home, host, clash = academy.meeting("A"), academy.meeting("B"), other.meeting("B")
    assert overlaps(alice, academy, now) == {"Group B": (clash,), "Group C": ()}

    client = Client()
    client.force_login(alice)
    page = client.get(f"/meetings/{home.pk}/alternatives/").content.decode()
    words = re.sub(r"\s+", " ", strip_tags(page))
    assert words.count("At the same time as week 1 of Heron.") == 1

    body = client.get(f"/api/guest-visits/options?meeting_id={home.pk}").json()
    assert {each["group_name"]: each["overlaps"] for each in body["alternatives"]} == {
        "Group B": [{"meeting_id": clash.pk, "meeting_number": 1, "group_name": "Heron"}],
        "Group C": [],
    }

    said = answer_request(
        BotRequest("cannot", (home.pk,)), BotUser(ACCOUNT, "Alice", False), now=now
    ).text
    [line] = [line for line in said.splitlines() if "at the same time as" in line]
    assert "Group B" in line
    assert "Heron, week 1" in line

    client.post(f"/meetings/{home.pk}/visit/", {"host": host.pk})
    assert alice.guest_visits.get().host_meeting == host


def test_c11_an_overlap_with_a_visit_is_named(academy, other, alice, now):
    there, visited = other.meeting("B", 2), other.meeting("C", 2)
    book_visit(alice.pk, home_meeting_id=there.pk, host_meeting_id=visited.pk, now=now)
    assert overlaps(alice, academy, now, week=2) == {"Group B": (), "Group C": (visited,)}


@pytest.mark.parametrize("why", ["declined", "cancelled"])
def test_c11_a_meeting_that_the_person_will_not_attend_overlaps_with_nothing(
    academy, other, alice, now, why
):
    clash = other.meeting("B")
    if why == "cancelled":
        cancel_meeting(clash.pk, now=now)
    else:
        Attendance.objects.create(meeting=clash, user=alice, rsvp="not_attending", rsvp_at=now)
    assert overlaps(alice, academy, now)["Group B"] == ()
