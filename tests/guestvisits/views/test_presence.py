"""Who was there: facilitators see it and correct it, learners find their own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import Membership
from guestvisits.services.booking import book_visit
from meetings.models import Attendance, Meeting
from meetings.selectors import past_meetings
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "B")


@pytest.fixture
def carol(academy):
    return academy.add_member("Carol", "B")


@pytest.fixture
def client(bob) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def held(academy, bob, carol, now) -> Meeting:
    """The meeting of week 1 was this morning."""
    return hold(academy.meeting("B"), now - timedelta(hours=3))


def hold(meeting: Meeting, starts_at) -> Meeting:
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=starts_at)
    Membership.objects.update(joined_at=starts_at - timedelta(days=7))
    meeting.refresh_from_db()
    return meeting


def correct(client: Client, meeting: Meeting, person, word: str, **options):
    address = f"/groups/{meeting.group_id}/meetings/{meeting.pk}/presence/{person.pk}/"
    return client.post(address, {"presence": word}, **options)


def text(part: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(part)).strip()


def row(client: Client, meeting: Meeting, name: str) -> str:
    """What the page says of one person at one meeting."""
    page = client.get(f"/groups/{meeting.group_id}/").content.decode()
    week = page[page.index(f'id="week-{meeting.number}"') :].split("</article>")[0]
    rows = [each.split("<details")[0] for each in week.split("<tr>")[2:]]
    return next(text(each) for each in rows if name in each)


def test_what_was_found_is_shown_with_since_when(client, held, carol, bob):
    seen = held.starts_at + timedelta(minutes=7)
    Attendance.objects.create(meeting=held, user=carol, checked_in_at=seen)
    Attendance.objects.create(meeting=held, user=bob, not_seen=True)
    assert row(client, held, "Carol") == f"Carol was there since {seen:%H:%M}"
    assert row(client, held, "Bob") == "Bob facilitator was not there"


def test_what_was_noted_before_a_meeting_was_moved_is_about_another_date(client, held, carol, bob):
    noted = {"corrected_by": bob, "corrected_at": held.starts_at - timedelta(days=3)}
    Attendance.objects.create(
        meeting=held, user=carol, correction="absent", checked_in_at=held.starts_at, **noted
    )
    Attendance.objects.create(meeting=held, user=bob, correction="absent", **noted)
    assert row(client, held, "Carol") == f"Carol was there since {held.starts_at:%H:%M}"
    assert row(client, held, "Bob") == "Bob facilitator not known"
    assert [one.presence for one in past_meetings(carol.pk, held.ends_at)] == ["present"]


def test_unknown_is_not_absent(client, held):
    assert row(client, held, "Carol") == "Carol not known"


def test_while_the_meeting_runs_no_one_is_missing(client, academy, carol, now):
    meeting = hold(academy.meeting("B"), now - timedelta(minutes=10))
    assert row(client, meeting, "Carol") == "Carol not seen yet"


def test_the_list_of_groups_shows_who_is_there_now(client, academy, carol, now):
    meeting = hold(academy.meeting("B"), now - timedelta(minutes=10))
    Attendance.objects.create(meeting=meeting, user=carol, checked_in_at=now)
    page = text(client.get("/groups/").content.decode())
    assert "Now: week 1" in page
    assert "Group B, week 1: now, until" in page
    assert "1 there · 1 not seen yet There: Carol Not seen yet: Bob (facilitator)" in page


@pytest.mark.parametrize(
    ("word", "shown"),
    [("present", "was there"), ("absent", "was not there"), ("unknown", "not known")],
)
def test_a_facilitator_corrects_it_and_is_named(client, held, carol, bob, word, shown):
    answer = correct(client, held, carol, word)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/groups/{held.group_id}/#week-1"
    assert row(client, held, "Carol") == f"Carol {shown} corrected by Bob"
    saved = Attendance.objects.get(user=carol)
    assert (saved.correction, saved.corrected_by) == (word, bob)


def test_a_guest_is_corrected_too_and_counts_as_no_member(client, academy, held, now):
    alice = academy.add_member("Alice", "A")
    hold(held, now + timedelta(days=1))
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=held.pk,
        now=now - timedelta(days=2),
    )
    hold(held, now - timedelta(hours=2))
    correct(client, held, alice, "present")
    assert row(client, held, "Alice") == "Alice guest from Group A was there corrected by Bob"
    page = text(client.get(f"/groups/{held.group_id}/").content.decode())
    assert "0 there, 0 not there, 2 not known, 1 guest there" in page


def test_with_javascript_the_one_meeting_comes_back(client, held, carol):
    answer = correct(client, held, carol, "present", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert page.strip().startswith("<article")
    assert "corrected by Bob" in page
    assert "<html" not in page


def test_bad_input_is_reported_on_the_page(client, academy, carol, now):
    meeting = academy.meeting("B", 2)
    answer = correct(client, meeting, carol, "present")
    assert "has not begun yet" in text(client.get(answer.headers["Location"]).content.decode())
    cancel_meeting(meeting.pk, now=now)
    answer = correct(client, meeting, carol, "present", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].endswith("#week-2")
    page = client.get(f"/groups/{meeting.group_id}/").content.decode()
    assert "was cancelled, so there is no attendance to record" in text(page)


@pytest.mark.parametrize("word", ["", "late", "PRESENT", "present\x7f", "x" * 5000])
def test_an_unknown_value_changes_nothing(client, held, carol, word):
    assert correct(client, held, carol, word).status_code == 302
    assert not Attendance.objects.exists()


def test_a_meeting_of_another_group_is_not_found(client, academy, held, carol):
    other = academy.meeting("A").pk
    address = f"/groups/{held.group_id}/meetings/{other}/presence/{carol.pk}/"
    assert client.post(address, {"presence": "present"}).status_code == 404


def test_a_cancelled_meeting_that_is_past_has_no_one_to_correct(client, held, carol, now):
    Meeting.objects.filter(pk=held.pk).update(status="cancelled")
    page = client.get(f"/groups/{held.group_id}/").content.decode()
    week = page[page.index('id="week-1"') :].split("</article>")[0]
    assert "presence" not in week


def test_the_list_of_members_shows_what_is_not_known(client, held, carol, now):
    page = text(client.get(f"/groups/{held.group_id}/").content.decode())
    assert "Carol: 0 of 1 meeting attended, 1 not known" in page
    correct(client, held, carol, "absent")
    Meeting.objects.update(was_held="here", was_held_at=now)
    page = text(client.get(f"/groups/{held.group_id}/").content.decode())
    assert "Carol: 0 of 1 meeting attended, 1 missed Upcoming" in page


# -- what learners see ---------------------------------------------------------------------------


def my_page(user) -> str:
    client = Client()
    client.force_login(user)
    return text(client.get("/meetings/").content.decode())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"checked_in_at": True}, "You were there."),
        ({"not_seen": True}, "We don't know whether you were there."),  # no one was seen
        ({}, "We don't know whether you were there."),
        ({"not_seen": True, "correction": "present", "corrected_at": True}, "You were there."),
    ],
)
def test_a_learner_finds_past_meetings_and_whether_they_were_there(held, carol, fields, words):
    fields = {
        name: held.starts_at if value is True and name != "not_seen" else value
        for name, value in fields.items()
    }
    if fields:
        Attendance.objects.create(meeting=held, user=carol, **fields)
    page = my_page(carol)
    past = page[page.index("Past meetings") : page.index("Settings")]
    assert "Week 1 with Group B" in past
    assert words in past


@pytest.mark.parametrize(
    ("correction", "words"), [("", "You were not there."), ("excused", "You were excused.")]
)
def test_the_list_of_a_meeting_that_was_held_says_what_it_counts_as(
    held, carol, now, correction, words
):
    corrected_at = now if correction else None
    Attendance.objects.create(
        meeting=held, user=carol, not_seen=True, correction=correction, corrected_at=corrected_at
    )
    Meeting.objects.filter(pk=held.pk).update(was_held="here", was_held_at=now)
    assert words in my_page(carol)


def test_past_meetings_are_those_of_ones_own_time_in_the_group(academy, held, carol, now):
    carol.memberships.update(joined_at=now - timedelta(hours=1))
    assert "Past meetings" not in my_page(carol)


def test_a_cancelled_meeting_was_not_held(held, carol):
    Meeting.objects.filter(pk=held.pk).update(status="cancelled")
    assert "Past meetings" not in my_page(carol)


def test_a_past_visit_is_shown_in_place_of_the_home_meeting(academy, now):
    alice = academy.add_member("Alice", "A")
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    for group in "AB":
        hold(academy.meeting(group), now - timedelta(hours=3))
    alice.guest_visits.update(chosen_start=academy.meeting("B").starts_at)
    Attendance.objects.filter(user=alice, is_guest=True).update(checked_in_at=now)
    page = my_page(alice)
    assert "You visited Group B instead." in page
    visits = page[page.index("Past visits") :]
    assert "Week 1 with Group B" in visits
    assert "You were there." in visits
