"""A substitute finds the meeting that they lead wherever their own meetings are listed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from cohorts.models import Membership
from discordsync.bot.handlers import answer_request
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.users import BotUser
from guestvisits.models import SubstituteOffer
from guestvisits.services.alternatives import find_alternatives
from guestvisits.substitutes.services import answer_offer, request_substitute
from meetings.calendars.services import open_feed
from meetings.messages.reminders import pending_reminders
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(world) -> SubstituteOffer:
    """Helper 0 leads the first meeting of group A."""
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    offer = found.offers.get(user=world.helpers[0])
    return answer_offer(offer.pk, offer.user_id, leads=True, now=world.now)


@pytest.fixture
def client(offer) -> Client:
    client = Client()
    client.force_login(offer.user)
    return client


def entries(content: bytes, meeting) -> list[str]:
    events = Calendar.from_ical(content).walk("VEVENT")
    return [
        str(event["summary"])
        for event in events
        if str(event["uid"]).startswith(f"meeting-{meeting.pk}.")
    ]


def test_the_calendar_feed_has_it_until_the_substitute_withdraws(world, offer):
    feed = f"/calendar/{open_feed(offer.user_id).token}.ics"
    expected = ["Course - Group A, week 1 (as the substitute)"]
    assert entries(Client().get(feed).content, world.meeting) == expected

    answer_offer(offer.pk, offer.user_id, leads=False, now=world.now)
    assert entries(Client().get(feed).content, world.meeting) == []


def test_it_can_be_downloaded_as_a_file(world, client):
    answer = client.get(f"/meetings/{world.meeting.pk}/meeting.ics")
    assert len(entries(answer.content, world.meeting)) == 1


def test_the_page_and_the_api_list_it(world, client):
    assert "Group A" in client.get("/meetings/").content.decode()
    (mine,) = client.get("/api/substitutes").json()
    assert (mine["meeting_id"], mine["leads"]) == (world.meeting.pk, True)


def test_the_bot_lists_it(world, offer):
    asked = BotUser(offer.user.discord_id, "Helper", is_admin=False)
    said = answer_request(BotRequest("meetings"), asked, now=world.now).text
    (line,) = (line for line in said.splitlines() if "Group A, week 1" in line)
    assert line.endswith("which you lead as the substitute")
    over = world.meeting.ends_at + timedelta(minutes=1)
    assert "Group A" not in answer_request(BotRequest("meetings"), asked, now=over).text


def test_the_substitute_is_reminded(world, offer):
    now = world.before(hours=1)
    due = pending_reminders(None, now - timedelta(hours=1), now)
    assert offer.user_id in {one.user_id for one in due if f":{world.meeting.pk}:" in one.key}


def test_an_alternative_at_the_same_time_is_marked(world, offer):
    other = Academy(world.now, groups="BA", course="Other course", name="Winter")
    Membership.objects.create(user=offer.user, group=other.groups["B"])
    found = find_alternatives(offer.user_id, other.meeting("B").pk, world.now)
    overlaps = {option.meeting.group.name: option.overlaps for option in found.options}
    assert overlaps == {"Group A": ()}

    same = other.meeting("A")
    type(same).objects.filter(pk=same.pk).update(starts_at=world.meeting.starts_at)
    found = find_alternatives(offer.user_id, other.meeting("B").pk, world.now)
    overlaps = {option.meeting.group.name: option.overlaps for option in found.options}
    assert overlaps == {"Group A": (world.meeting,)}


def test_the_address_in_the_invitation_leads_there(world, client, offer):
    """The invitation to a substitute has the location that those of members and guests have."""
    page = f"/groups/{world.meeting.group_id}/"
    found = client.get(page)
    assert found.status_code == 302
    assert found["Location"] == f"/substitutes/{offer.substitution_id}/"

    answer_offer(offer.pk, offer.user_id, leads=False, now=world.now)
    assert client.get(page).status_code == 404
