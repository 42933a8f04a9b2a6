"""How many come, wherever people plan: members' answers, and guests who are no members."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from guestvisits.pages.group_page import read_group_page
from guestvisits.services.booking import book_visit
from meetings.attendance.statistics import read_attendance_stats
from meetings.models import Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

FIGURES = "2 attending, 1 tentative, 1 not attending, 2 no answer"


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "B")


@pytest.fixture
def meeting(academy: Academy, bob, now) -> Meeting:
    """Of six members two come; so do two guests, one of whom has declined since."""
    said = {"Bea": "attending", "Ben": "tentative", "Bill": "not_attending", "Bo": None}
    meeting = academy.meeting("B")
    set_rsvp(meeting.pk, bob.pk, "attending", now=now)
    academy.add_member("Bart", "B")
    for name, rsvp in said.items():
        person = academy.add_member(name, "B")
        if rsvp:
            set_rsvp(meeting.pk, person.pk, rsvp, now=now)
    for name in ("Ada", "Alan"):
        guest, home = academy.add_member(name, "A"), academy.meeting("A")
        book_visit(guest.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=now)
    set_rsvp(meeting.pk, guest.pk, "not_attending", now=now)
    return meeting


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(answer) -> str:
    assert answer.status_code == 200
    page = strip_tags(answer.content.decode()).replace("&#x27;", "'")
    return re.sub(r"\s+", " ", page)


def test_the_facilitators_pages_show_the_figures(academy, bob, meeting):
    shown = text(client_of(bob).get(f"/groups/{meeting.group_id}/"))
    assert f"Members' RSVPs: {FIGURES}" in shown
    assert "5 expected, 1 away, 2 guests, 1 of them can't come" in shown
    shown = text(client_of(bob).get("/groups/"))
    assert "2 coming · 1 maybe · 1 away · 2 no answer · 1 guest" in shown
    assert "Coming: Bob (facilitator), Bea Maybe: Ben Away: Bill" in shown
    assert "Guest: Ada (guest from Group A)" in shown


def test_the_page_and_the_statistics_count_alike(academy, meeting, now):
    for row in read_group_page(meeting.group, now).upcoming:
        turnout = read_attendance_stats([row.meeting.pk])[row.meeting.pk]
        assert row.answers == Counter(
            attending=turnout.attending,
            tentative=turnout.tentative,
            not_attending=turnout.not_attending,
            pending=turnout.pending,
        )


def test_the_admin_shows_the_figures(academy, meeting, now):
    staff = client_of(academy.add_person("Sam", is_staff=True, is_superuser=True))
    shown = f"{FIGURES}; 1 guest"
    cancel_meeting(academy.meeting("B", 2).pk, now=now)
    assert shown in text(staff.get("/admin/meetings/meeting/"))
    assert shown in text(staff.get(f"/admin/meetings/meeting/{meeting.pk}/change/"))
    group = text(staff.get(f"/groups/{meeting.group_id}/"))
    assert f"Members' RSVPs: {FIGURES}" in group
    assert re.search(r"Week 2 (?:(?!Week).)*cancelled", group)


def test_the_admins_list_costs_the_same_for_one_meeting_and_for_many(academy, meeting, settings):
    settings.SANDBOX = False
    staff = client_of(academy.add_person("Sam", is_staff=True, is_superuser=True))

    def cost(number: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            shown = text(staff.get(f"/admin/meetings/meeting/?number__lte={number}"))
        assert shown.count("no answer") == 3 * number
        return len(captured)

    assert cost(1) == cost(4)


def test_the_api_returns_the_figures(academy, bob, meeting):
    address = f"/api/groups/{meeting.group_id}/meetings"
    answer = client_of(bob).get(address)
    assert answer.status_code == 200
    first, *others = answer.json()["meetings"]
    assert [each["meeting_number"] for each in others] == [2, 3, 4]
    assert first == {
        "meeting_id": meeting.pk,
        "meeting_number": 1,
        "scheduled_at": meeting.starts_at.isoformat().replace("+00:00", "Z"),
        "ends_at": meeting.ends_at.isoformat().replace("+00:00", "Z"),
        "is_cancelled": False,
        "members": 6,
        "attending": 2,
        "tentative": 1,
        "not_attending": 1,
        "no_answer": 2,
        "guests": 1,
    }


def test_the_api_returns_the_figures_to_no_one_else(academy, meeting):
    address = f"/api/groups/{meeting.group_id}/meetings"
    for name, group in (("Cleo", "C"), ("Barb", "B")):
        answer = client_of(academy.add_member(name, group)).get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_group")
    assert Client().get(address).status_code == 403
