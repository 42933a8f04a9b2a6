"""People who have not answered are asked once, 48 hours after the invitation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Group
from cohorts.outbox.models import Message
from cohorts.services.memberships import add_member
from meetings.models import Attendance
from tests.meetings.messages.conftest import look, pending, words_to

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def invited_at(academy, now, joined):
    """Group A has just become active; Alice has been its member for long."""
    academy.add_member("Alice", "A", timezone="America/New_York")
    joined()
    Group.objects.filter(pk=academy.groups["A"].pk).update(set_up_at=now)
    return now


def answer(academy, name: str, number: int, rsvp: str) -> None:
    meeting = academy.meeting("A", number)
    person = meeting.group.memberships.get(user__name=name).user
    Attendance.objects.create(meeting=meeting, user=person, rsvp=rsvp)


def test_it_comes_once_and_48_hours_after_the_invitation(invited_at):
    for hours, count in [(47, 0), (48, 1), (49, 1), (71, 1), (100, 1)]:
        look(invited_at + hours * HOUR)
        assert Message.objects.filter(kind="nudge").count() == count, hours


def test_one_answer_to_any_meeting_is_an_answer(academy, invited_at):
    answer(academy, "Alice", 3, Attendance.Rsvp.TENTATIVE)
    look(invited_at + 48 * HOUR)
    assert pending("nudge") == []


def test_a_pending_attendance_is_no_answer(academy, invited_at):
    answer(academy, "Alice", 3, Attendance.Rsvp.PENDING)
    look(invited_at + 48 * HOUR)
    assert pending("nudge") == ["Alice"]


def test_a_person_who_answers_before_it_is_sent_is_left_in_peace(academy, invited_at):
    look(invited_at + 48 * HOUR)
    answer(academy, "Alice", 1, Attendance.Rsvp.ATTENDING)
    look(invited_at + 49 * HOUR)
    assert pending("nudge") == []


def test_a_person_who_joins_later_is_invited_later(academy, invited_at):
    bob = academy.add_person("Bob")
    add_member(academy.groups["A"].pk, bob.pk, now=invited_at + 30 * HOUR)
    look(invited_at + 48 * HOUR)
    assert pending("nudge") == ["Alice"]
    look(invited_at + 78 * HOUR)
    assert "Bob" in pending("nudge")


def test_without_a_meeting_ahead_there_is_nothing_to_answer(academy, invited_at):
    for meeting in academy.groups["A"].meetings.all():
        meeting.status = "cancelled"
        meeting.save()
    look(invited_at + 48 * HOUR)
    assert pending("nudge") == []


def test_it_is_not_sent_a_day_late(invited_at):
    look(invited_at + 72 * HOUR)
    assert pending("nudge") == []


def test_it_names_the_next_meeting_in_the_readers_zone(academy, invited_at):
    look(invited_at + 48 * HOUR)
    words = words_to("Alice", "nudge", invited_at + 48 * HOUR)
    assert "Thursday 7 January 2027, 07:00 (America/New_York)" in words.text
    assert "/meetings/" in words.html
