"""`/groups/`: who comes, who is away and where, who visits, who was there."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import Cohort, Group, Membership
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership
from guestvisits.services.booking import book_visit
from meetings.models import Attendance, Meeting
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "B", timezone="Europe/Lisbon")


@pytest.fixture
def client(bob) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def visit(academy, now):
    alice = academy.add_member("Alice", "A")
    return book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )


def text(answer) -> str:
    main = answer.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", strip_tags(main))


def week(answer, number: int) -> str:
    page = answer.content.decode()
    part = page[page.index(f'id="week-{number}"') :].split("</article>")[0]
    return re.sub(r"\s+", " ", strip_tags(part))


def page_of(client, academy, group="B"):
    return client.get(f"/groups/{academy.groups[group].pk}/")


def test_own_groups_with_their_next_meeting_in_figures(client, academy, visit):
    academy.add_member("Carol", "B")
    page = text(client.get("/groups/"))
    assert "Group B" in page
    assert "Next: week 1" in page
    assert "Europe/Lisbon" in page
    assert "Group B, week 1: in" in page
    assert "2 no answer · 1 guest" in page
    assert "No answer: Bob (facilitator), Carol Guest: Alice (guest from Group A)" in page


def test_a_break_shows_the_next_meeting_with_its_figures(client, academy, now):
    Meeting.objects.filter(group=academy.groups["B"], number=1).update(
        starts_at=now + timedelta(days=7)
    )
    page = text(client.get("/groups/"))
    assert "No meeting in the next 7 days." in page
    assert "1 expected, 0 away, 0 guests" in page[page.index("Next: week 1") :]


def test_the_page_shows_who_was_there_last_week(client, academy, now):
    for name, fields in {
        "Carol": {"checked_in_at": now},
        "Dora": {"not_seen": True},
        "Emil": {},
    }.items():
        member = academy.add_member(name, "B")
        Attendance.objects.create(meeting=academy.meeting("B"), user=member, **fields)
    held = Meeting.objects.filter(pk=academy.meeting("B").pk)
    held.update(starts_at=now - timedelta(days=7))
    answer = client.get("/groups/")
    page = text(answer)
    was = page[page.index("Who was there last week") :]
    assert "There: Carol Not there: Dora Not known: Bob (facilitator), Emil" in was
    assert f"/groups/{academy.groups['B'].pk}/#week-1" in answer.content.decode()
    for left_out in (
        {"starts_at": now - timedelta(days=8)},
        {"starts_at": now - timedelta(days=6), "status": "cancelled"},
    ):
        held.update(**left_out)
        assert "Who was there" not in text(client.get("/groups/"))


def test_a_cancelled_meeting_is_not_the_next_one(client, academy, now):
    cancel_meeting(academy.meeting("B").pk, now=now)
    assert "Next: week 2" in text(client.get("/groups/"))


def test_a_guest_is_named_as_a_guest(client, academy, visit):
    page = week(page_of(client, academy), 1)
    assert "Alice guest from Group A" in page
    assert "attending" in page
    assert "Alice" not in week(page_of(client, academy), 2)


def test_members_without_guests_are_counted(client, academy, visit, now):
    carol = academy.add_member("Carol", "B")
    begun = now - timedelta(hours=3)
    Meeting.objects.filter(pk=academy.meeting("B").pk).update(starts_at=begun)
    for attendance in [
        *Attendance.objects.filter(meeting=academy.meeting("B")),
        Attendance(meeting=academy.meeting("B"), user=carol),
    ]:
        attendance.checked_in_at = begun
        attendance.save()
    page = text(page_of(client, academy))
    members = page[page.index("Members") : page.index("Upcoming")]
    assert "Carol: 1 of 1 meeting attended" in members
    assert "Alice" not in members
    past = week(page_of(client, academy), 1)
    assert "Alice guest from Group A was there since" in past
    assert "Carol was there since" in past
    assert "Bob facilitator not known" in past
    assert "1 there, 0 not there, 1 not known, 1 guest there" in past


def test_who_is_away_is_shown_with_where(academy, visit):
    zoe = academy.add_facilitator("Zoe", "A")
    client = Client()
    client.force_login(zoe)
    page = week(page_of(client, academy, "A"), 1)
    assert "Alice away, visiting Group B" in page
    assert "1 expected, 1 away, 0 guests" in page


def test_answers_are_shown(client, academy):
    for name, rsvp in [
        ("Carol", "attending"),
        ("Dora", "not_attending"),
        ("Emil", "tentative"),
        ("Finn", "pending"),
    ]:
        member = academy.add_member(name, "B")
        Attendance.objects.create(meeting=academy.meeting("B"), user=member, rsvp=rsvp)
    page = week(page_of(client, academy), 1)
    for words in ("Carol attending", "Dora not attending", "Emil tentative", "Finn no answer yet"):
        assert words in page


def test_a_person_who_facilitates_nothing_sees_why_the_page_is_empty(academy):
    client = Client()
    client.force_login(academy.add_member("Alice", "A"))
    page = client.get("/groups/")
    assert "You do not facilitate an active group." in text(page)
    head = page.content.decode().split("<header")[1].split("<main")[0]
    assert "My groups" not in head


def test_a_group_without_a_weekly_time_says_so(client, academy):
    Group.objects.filter(pk=academy.groups["B"].pk).update(weekday=None, start_time=None)
    Meeting.objects.filter(group=academy.groups["B"]).delete()
    assert "This group has no weekly time yet" in text(page_of(client, academy))


def test_a_name_cannot_bring_markup_into_the_page(client, academy, now):
    academy.add_member("Mallory", "B", nickname="<script>alert(1)</script>")
    page = page_of(client, academy).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# -- after the end -------------------------------------------------------------------------------


def test_c19_a_completed_group_stays_readable_for_its_facilitator(client, academy, now):
    carol = academy.add_member("Carol", "B")
    group, meeting = academy.groups["B"], academy.meeting("B")
    Membership.objects.update(joined_at=now - timedelta(days=1))
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(hours=3))
    Attendance.objects.create(meeting=meeting, user=carol, checked_in_at=now - timedelta(hours=3))
    end_group(group.pk, status="completed", now=now)
    assert "Group B" in text(client.get("/groups/"))
    answer = page_of(client, academy)
    page = answer.content.decode()
    assert "This group has ended." in page
    assert "Carol: 1 of 1 meeting attended" in text(answer)
    assert "Carol was there since" in week(answer, 1)
    assert "Week 2" not in page
    main = page.split("<main", 1)[1].split("</main>")[0]
    assert "<button" not in main
    assert "<form" not in main
    for address in (
        f"/groups/{group.pk}/meetings/{meeting.pk}/presence/{carol.pk}/",
        f"/groups/{group.pk}/meetings/{academy.meeting('B', 2).pk}/cancel/",
        f"/groups/{group.pk}/add/",
    ):
        assert client.post(address, {"presence": "absent"}).status_code == 404


@pytest.mark.parametrize(("ends", "status"), [("left", 404), ("cancelled", 404), ("cohort", 200)])
def test_c19_a_facilitator_who_left_before_the_end_cannot_read_on(
    client, academy, bob, now, ends, status
):
    if ends == "left":
        member = bob.memberships.get()
        end_membership(member.pk, status="completed", now=now - timedelta(hours=1))
        end_group(academy.groups["B"].pk, status="completed", now=now)
    elif ends == "cancelled":
        end_group(academy.groups["B"].pk, status="cancelled", now=now)
    else:
        Cohort.objects.update(status="completed")
    assert page_of(client, academy).status_code == status
