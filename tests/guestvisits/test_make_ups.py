"""Past meetings that can still be made up: offered on the page, by the bot and in the API."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from cohorts.models import Membership, User
from discordsync.bot.handlers import answer_request
from discordsync.bot.replies.bot_answer import BotAnswer
from discordsync.bot.replies.requests import Argument, BotRequest
from discordsync.bot.replies.users import BotUser
from guestvisits.models import GuestVisit
from guestvisits.services.alternatives import find_make_ups
from guestvisits.services.booking import book_visit
from meetings.models import Attendance, Meeting
from meetings.selectors import past_meetings
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db

ACCOUNT = 200000000000000001


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A", discord_id=ACCOUNT)


@pytest.fixture
def client(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def home(academy, alice, now) -> Meeting:
    """Group A's meeting of week 1 was yesterday; groups B and C meet in the days to come."""
    return hold(academy.meeting("A"), now - timedelta(days=1))


def hold(meeting: Meeting, starts_at) -> Meeting:
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=starts_at)
    Membership.objects.update(joined_at=starts_at - timedelta(days=7))
    meeting.refresh_from_db()
    return meeting


def ask_bot(now, verb: str, *args: Argument) -> BotAnswer:
    return answer_request(BotRequest(verb, args), BotUser(ACCOUNT, "Alice", False), now=now)


def asked(answer: BotAnswer) -> list[tuple[Argument, ...]]:
    return [button.request.args for button in answer.buttons if button.request]


def offers(client: Client, home: Meeting, now) -> set[str]:
    """Through which of the three the meeting is offered to be made up."""
    page = client.get("/meetings/").content.decode()
    past = page[page.index('id="held"') :] if 'id="held"' in page else ""
    made_up = client.get("/api/users/me/meetings").json()["make_ups"]
    return {
        name
        for name, is_offered in {
            "page": f"/meetings/{home.pk}/alternatives/" in past,
            "bot": (home.pk,) in asked(ask_bot(now, "away")),
            "bot, another meeting": (home.pk,) in asked(ask_bot(now, "choose")),
            "api": home.pk in [each["meeting_id"] for each in made_up],
        }.items()
        if is_offered
    }


EVERYWHERE = {"page", "bot", "bot, another meeting", "api"}


@pytest.mark.parametrize("fields", [None, in_matrix({"not_seen": True})])
def test_c22_a_missed_or_unknown_meeting_is_offered_to_be_made_up(
    client, alice, home, academy, now, fields
):
    if fields:
        Attendance.objects.create(meeting=home, user=alice, **fields)
    assert offers(client, home, now) == EVERYWHERE
    host = academy.meeting("B")
    chosen = ask_bot(now, "cannot", home.pk)
    assert (home.pk, host.pk, int(host.starts_at.timestamp())) in asked(chosen)
    assert "will see that you are away" not in chosen.text
    assert (home.pk, "no") not in asked(chosen)  # it is too late to answer
    answer = client.post(f"/meetings/{home.pk}/visit/", {"host": host.pk}, follow=True)
    assert GuestVisit.objects.get().host_meeting == host
    page = re.sub(r"\s+", " ", strip_tags(answer.content.decode()))
    assert "You're making it up with Group B" in page
    assert "will see that you are away" not in page
    assert offers(client, home, now) == set()


@pytest.mark.matrix
def test_c22_a_past_meeting_is_not_offered_without_need_or_without_an_open_one(
    client, alice, home, academy, now
):
    there = Attendance.objects.create(meeting=home, user=alice, checked_in_at=home.starts_at)
    assert offers(client, home, now) == set()
    there.delete()
    cancel_meeting(academy.meeting("B").pk, now=now)
    assert offers(client, home, now) == EVERYWHERE
    hold(academy.meeting("C"), now - timedelta(hours=3))
    assert offers(client, home, now) == set()


@pytest.mark.matrix
def test_c22_a_week_that_was_visited_is_not_offered_and_one_whose_visit_was_missed_is(
    client, alice, academy, now
):
    home, host = academy.meeting("A"), academy.meeting("B")
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
    hold(home, now - timedelta(days=1))
    hold(host, now - timedelta(hours=3))
    assert offers(client, home, now) == set()
    Attendance.objects.filter(meeting=host, user=alice).update(not_seen=True)
    assert offers(client, home, now) == EVERYWHERE


@pytest.mark.matrix
def test_c22_a_facilitator_is_not_offered_to_make_up_their_own_meeting(academy, home, now):
    dora = academy.add_facilitator("Dora", "A")
    Membership.objects.update(joined_at=now - timedelta(days=7))
    past = past_meetings(dora.pk, now)
    assert [mine.meeting for mine in past] == [home]
    assert find_make_ups(dora.pk, past, now) == ()


def test_c22_when_all_own_meetings_are_over_the_bot_still_offers_to_make_one_up(
    alice, academy, home, now
):
    for week in (2, 3, 4):
        hold(academy.meeting("A", week), now - timedelta(days=week))
    answer = ask_bot(now, "away")
    assert answer.text.startswith("Which meeting did you miss?")
    assert asked(answer) == [(academy.meeting("A", week).pk,) for week in (1, 2, 3, 4)]


def test_c22_make_ups_cost_four_queries_for_any_number_of_groups_and_of_meetings(now):
    for groups, missed in ((3, 1), (40, 4)):
        names = [f"{number:02}" for number in range(groups)]
        academy = Academy(now, groups=names, name=f"{groups} groups")
        person: User = academy.add_member(f"Person of {groups}", "00")
        for week in range(1, missed + 1):
            hold(academy.meeting("00", week), now - timedelta(days=week))
        past = past_meetings(person.pk, now)
        with CaptureQueriesContext(connection) as queries:
            assert len(find_make_ups(person.pk, past, now)) == missed
        assert len(queries) == 4
