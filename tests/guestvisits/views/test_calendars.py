"""My own calendar: a feed at a secret address, and one meeting as a file."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from cohorts import clock
from cohorts.models import Membership
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.calendars.services import open_feed
from meetings.models import CalendarFeed, Meeting
from meetings.moving import moves
from meetings.moving.services import carry_out
from tests.support.moves import cancel_meeting, move_meeting, restore_meeting

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def client(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def path(alice) -> str:
    return f"/calendar/{open_feed(alice.pk).token}.ics"


def read(path: str):
    """The feed's entries by uid; no one is signed in."""
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    return {str(event["uid"]): event for event in calendar.walk("VEVENT")}


def entry_of(path: str, meeting: Meeting):
    found = [event for uid, event in read(path).items() if uid.startswith(f"meeting-{meeting.pk}.")]
    return found[0] if found else None


def test_the_feed_holds_my_meetings(academy, path):
    entries = read(path)
    assert len(entries) == 4
    first = entry_of(path, academy.meeting("A"))
    meeting = academy.meeting("A")
    assert first.decoded("dtstart") == meeting.starts_at
    assert first.decoded("dtend") == meeting.ends_at
    assert first["summary"] == "Course - Group A, week 1"
    assert (first["sequence"], first["status"], first["transp"]) == (0, "CONFIRMED", "OPAQUE")


def test_the_same_facts_give_the_same_bytes(path):
    assert Client().get(path).content == Client().get(path).content


def test_a_moved_meeting_keeps_its_id_and_counts_up(academy, path, now):
    meeting = academy.meeting("A", 2)
    uid = entry_of(path, meeting)["uid"]
    move_meeting(meeting.pk, starts_at=meeting.starts_at + HOUR, now=now)
    moved = entry_of(path, meeting)
    assert moved["uid"] == uid
    assert moved.decoded("dtstart") == meeting.starts_at + HOUR
    assert (moved["sequence"], moved["status"]) == (1, "CONFIRMED")
    assert moved.decoded("last-modified") == now


def test_a_cancelled_meeting_stays_as_cancelled_and_comes_back(academy, path, now):
    meeting = academy.meeting("A", 2)
    cancel_meeting(meeting.pk, now=now)
    gone = entry_of(path, meeting)
    assert (gone["sequence"], gone["status"]) == (1, "CANCELLED")
    restore_meeting(meeting.pk, now=now)
    back = entry_of(path, meeting)
    assert (back["sequence"], back["status"]) == (2, "CONFIRMED")


def test_a_postponed_term_is_the_same_entries_at_other_times(academy, path, now):
    before = set(read(path))
    carry_out(moves.Postpone(academy.meeting("A", 2).pk), by=None, now=now)
    after = read(path)
    assert set(after) == before
    assert sorted(int(event["sequence"]) for event in after.values()) == [0, 1, 1, 1]


def test_a_visit_is_an_entry_and_the_home_meeting_is_free_time(academy, alice, path, now):
    home, host = academy.meeting("A", 2), academy.meeting("B", 2)
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
    assert entry_of(path, host)["summary"] == "Course - Group B, week 2 (as a guest)"
    assert entry_of(path, home)["transp"] == "TRANSPARENT"
    cancel_visit(alice.pk, host_meeting_id=host.pk, now=now)
    assert entry_of(path, host) is None
    assert entry_of(path, home)["transp"] == "OPAQUE"


def test_a_person_who_leaves_the_group_loses_its_meetings(alice, path):
    member = Membership.objects.get(user=alice)
    member.status = Membership.Status.DROPPED
    member.save()
    assert read(path) == {}


def test_c19_the_feed_begins_with_joining_and_ends_with_leaving(academy, alice, path, now):
    days = timedelta(days=1)
    for number, starts_at in ((1, now - 9 * days), (2, now - 5 * days), (3, now - 2 * days)):
        Meeting.objects.filter(pk=academy.meeting("A", number).pk).update(starts_at=starts_at)
    Membership.objects.filter(user=alice).update(joined_at=now - 7 * days)
    shown = {number: bool(entry_of(path, academy.meeting("A", number))) for number in (1, 2, 3, 4)}
    assert shown == {1: False, 2: True, 3: True, 4: True}
    Membership.objects.filter(user=alice).update(status="removed", left_at=now - 3 * days)
    shown = {number: bool(entry_of(path, academy.meeting("A", number))) for number in (1, 2, 3, 4)}
    assert shown == {1: False, 2: True, 3: False, 4: False}


def test_names_cannot_break_out_of_their_line(academy, path):
    academy.groups["A"].name = "A\r\nBEGIN:VEVENT\nSUMMARY:x;y,z\\" + "ü" * 40
    academy.groups["A"].save()
    entries = read(path)
    assert len(entries) == 4
    assert all("BEGIN:VEVENT" in str(event["summary"]) for event in entries.values())
    assert all(len(line) <= 75 for line in Client().get(path).content.split(b"\r\n"))


def test_the_answer_is_private_and_found_by_no_search_engine(path):
    answer = Client().get(path)
    assert answer["Cache-Control"] == "private, max-age=300"
    assert answer["X-Robots-Tag"] == "noindex"
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405


# -- the address ---------------------------------------------------------------------------------


def test_the_address_is_made_on_request_and_shown(client, alice, settings):
    assert "/calendar/" not in client.get("/meetings/calendar/").content.decode().replace(
        "/meetings/calendar/", ""
    )
    client.post("/meetings/calendar/", {"do": "open"})
    token = CalendarFeed.objects.get(user=alice).token
    page = client.get("/meetings/calendar/").content.decode()
    assert f"{settings.SITE_URL}/calendar/{token}.ics" in page
    assert len(token) == 43
    assert "/meetings/calendar/" in client.get("/meetings/").content.decode()


def test_a_new_address_ends_the_old_one(client, alice, path):
    client.post("/meetings/calendar/", {"do": "open"})
    assert Client().get(path).status_code == 404
    new = f"/calendar/{CalendarFeed.objects.get(user=alice).token}.ics"
    assert len(read(new)) == 4


def test_a_revoked_address_gives_nothing(client, path):
    client.post("/meetings/calendar/", {"do": "revoke"})
    assert Client().get(path).status_code == 404
    assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize("token", ["x", "1", "None", "a" * 43, "a" * 5000, "%00", "..%2Fadmin"])
def test_a_guessed_address_gives_nothing(path, token):
    answer = Client().get(f"/calendar/{token}.ics")
    assert answer.status_code == 404
    assert b"VEVENT" not in answer.content


def test_almost_the_right_address_gives_nothing(path):
    token = re.search(r"/calendar/(.+)\.ics", path)[1]
    for wrong in (token[:-1], token.swapcase(), token + "a", token[1:]):
        assert Client().get(f"/calendar/{wrong}.ics").status_code == 404


def test_a_closed_account_has_no_feed(alice, path):
    alice.is_active = False
    alice.save()
    assert Client().get(path).status_code == 404


def test_one_persons_address_shows_no_meetings_of_others(academy, path):
    bob = academy.add_member("Bob", "B")
    theirs = read(f"/calendar/{open_feed(bob.pk).token}.ics")
    assert not theirs.keys() & read(path).keys()


# -- one meeting ---------------------------------------------------------------------------------


def test_a_meeting_can_be_downloaded(client, academy):
    meeting = academy.meeting("A", 3)
    address = f"/meetings/{meeting.pk}/meeting.ics"
    assert address in client.get("/meetings/").content.decode()
    answer = client.get(address)
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event.decoded("dtstart") == meeting.starts_at
    assert answer["Content-Disposition"] == f'attachment; filename="meeting-{meeting.pk}.ics"'


def test_meetings_of_others_cannot_be_downloaded(client, academy):
    for number in (academy.meeting("B").pk, 999999):
        assert client.get(f"/meetings/{number}/meeting.ics").status_code == 404
    assert Client().get(f"/meetings/{academy.meeting('A').pk}/meeting.ics").status_code == 302


@pytest.mark.parametrize("groups", ["A", "ABC"])
def test_the_feed_costs_the_same_at_any_length(academy, groups, django_assert_num_queries):
    bob = academy.add_facilitator("Bob", *groups)
    path = f"/calendar/{open_feed(bob.pk).token}.ics"
    clock.now()  # reads its offset now and then
    with django_assert_num_queries(4):
        assert len(read(path)) == 4 * len(groups)
