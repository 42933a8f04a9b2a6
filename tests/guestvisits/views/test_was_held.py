"""A facilitator says whether a meeting at which almost no one was seen was held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cohorts.models import Membership
from meetings.models import Attendance, Meeting

pytestmark = pytest.mark.django_db
ASKED = "Was this meeting held?"


@pytest.fixture
def held(academy, now) -> Meeting:
    """Week 1 of B was this morning; Carol and Dan are in B, Bob leads it."""
    bob = academy.add_facilitator("Bob", "B")
    academy.add_member("Carol", "B")
    academy.add_member("Dan", "B")
    meeting = academy.meeting("B")
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(hours=3))
    Membership.objects.update(joined_at=now - timedelta(days=7))
    Attendance.objects.create(meeting=meeting, user=bob, checked_in_at=now - timedelta(hours=3))
    meeting.refresh_from_db()
    return meeting


@pytest.fixture
def client(held) -> Client:
    client = Client()
    client.force_login(held.group.memberships.get(role="facilitator").user)
    return client


def week(client: Client, meeting: Meeting) -> str:
    page = client.get(f"/groups/{meeting.group_id}/").content.decode()
    return page[page.index('id="week-1"') :].split("</article>")[0]


def answer(client: Client, meeting: Meeting, word: str, **options):
    address = f"/groups/{meeting.group_id}/meetings/{meeting.pk}/was-held/"
    return client.post(address, {"answer": word}, **options)


def test_it_is_asked_until_someone_answers(client, held):
    assert ASKED in week(client, held)
    assert "We saw only one person in the voice channel" in week(client, held)
    reply = answer(client, held, "no")
    assert reply.headers["Location"] == f"/groups/{held.group_id}/#week-1"
    page = week(client, held)
    assert ASKED not in page
    assert "Not held, says Bob. It counts for nobody." in page
    assert "Change whether it was held" in page
    held.refresh_from_db()
    assert (held.was_held, held.was_held_by.name) == ("no", "Bob")


def test_it_is_not_asked_where_two_people_were_seen_or_while_the_meeting_runs(client, held, now):
    Meeting.objects.filter(pk=held.pk).update(starts_at=now - timedelta(minutes=10))
    assert ASKED not in week(client, held)
    Meeting.objects.filter(pk=held.pk).update(starts_at=held.starts_at)
    carol = Membership.objects.get(user__name="Carol").user
    Attendance.objects.create(meeting=held, user=carol, checked_in_at=now)
    assert ASKED not in week(client, held)


def test_the_answer_comes_back_as_the_one_meeting(client, held):
    reply = answer(client, held, "elsewhere", headers={"HX-Request": "true"})
    page = reply.content.decode()
    assert page.lstrip().startswith("<article")
    assert "Held somewhere else than in the group&#x27;s voice channel" in page or (
        "Held somewhere else than in the group's voice channel" in page
    )


def test_a_wrong_answer_is_refused_and_a_stranger_finds_nothing(client, academy, held):
    answer(client, held, "perhaps")
    held.refresh_from_db()
    assert held.was_held == ""
    stranger = Client()
    stranger.force_login(academy.add_member("Eve", "A"))
    assert answer(stranger, held, "no").status_code == 404


def test_the_page_says_what_counts_and_who_is_at_risk(client, academy, held, now):
    for number, days in ((1, 14), (2, 7)):
        meeting = academy.meeting("B", number)
        Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(days=days))
        for member in held.group.memberships.all():
            there = member.user.name != "Carol"
            Attendance.objects.update_or_create(
                meeting=meeting,
                user=member.user,
                defaults={
                    "checked_in_at": now - timedelta(days=days) if there else None,
                    "not_seen": not there,
                },
            )
    Membership.objects.update(joined_at=now - timedelta(days=30))
    page = client.get(f"/groups/{held.group_id}/").content.decode()
    assert "At risk: absent in week 1 and week 2" in page
    assert page.count("At risk") == 1
    assert page.count("counts as missed") == 2


def test_a_final_mark_is_changed_with_a_reason(client, held, now):
    past = now - timedelta(days=3)
    Meeting.objects.filter(pk=held.pk).update(starts_at=past)
    carol = Membership.objects.get(user__name="Carol").user
    assert 'name="reason"' in week(client, held)
    address = f"/groups/{held.group_id}/meetings/{held.pk}/presence/{carol.pk}/"
    client.post(address, {"presence": "excused"})
    assert not Attendance.objects.filter(user=carol).exists()
    client.post(address, {"presence": "excused", "reason": "was ill"})
    assert "corrected by Bob: was ill" in week(client, held)


def test_a_learner_reads_their_own_record_and_what_it_means(academy, held, now):
    """It is in the folded part of the page, and says nothing about anyone else."""
    academy.cohort.allowed_absences = 1
    academy.cohort.save()
    carol = Membership.objects.get(user__name="Carol").user
    dan = Membership.objects.get(user__name="Dan").user
    Attendance.objects.create(meeting=held, user=carol, not_seen=True)
    Attendance.objects.create(meeting=held, user=dan, checked_in_at=held.starts_at)
    learner = Client()
    learner.force_login(carol)
    page = learner.get("/meetings/").content.decode()
    folded = page[page.index('id="held"') :].split("</details>")[0]
    assert "You attended 0 of 1 meeting. 1 missed." in folded
    assert "You complete the course with at most 1 absence; you have 1 absence." in folded
    assert "Dan" not in folded
