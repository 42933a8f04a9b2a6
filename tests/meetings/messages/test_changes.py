"""Everyone concerned is notified once of each move, and of the last state only."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.utils import timezone

from cohorts.models import Cohort, Group, Installation, Membership, User
from cohorts.outbox.collecting import collect, store
from cohorts.outbox.models import Message
from cohorts.outbox.registry import message_sources
from cohorts.services.memberships import add_member
from guestvisits.messages.emails import pending_visit_emails
from guestvisits.services.booking import book_visit
from meetings.messages.changes import pending_changes
from meetings.models import Attendance
from meetings.moving import moves
from meetings.moving.services import carry_out
from meetings.rhythm import Slot
from tests.lens.desk.test_costs import NOW
from tests.meetings.messages.conftest import look, pending, words_to
from tests.support.function_calls import count_calls
from tests.support.many_moves import make_known_academy, move_meetings

pytestmark = pytest.mark.django_db

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def meeting(academy, joined):
    """The second of group A, of which Alice and Bob are members."""
    academy.add_member("Alice", "A", timezone="Asia/Kolkata")
    academy.add_facilitator("Bob", "A")
    joined()
    return academy.meeting("A", 2)


def move(meeting, by: timedelta, now) -> None:
    start = type(meeting).objects.get(pk=meeting.pk).starts_at
    carry_out(moves.Reschedule(meeting.pk, start + by), by=None, now=now)


def send_all(now) -> None:
    """As if every pending message had been sent."""
    look(now)
    Message.objects.filter(state="pending").update(state="sent", sent_at=now)


def test_members_and_the_channel_are_notified_once_of_a_moved_meeting(meeting, now):
    move(meeting, 3 * HOUR, now)
    for minutes in range(3):
        look(now + minutes * MINUTE)
    assert pending("meeting_moved") == ["Alice", "Bob", "channel"]
    assert pending("meeting_cancelled") == []


def test_the_text_names_both_times_in_the_readers_zone(meeting, now):
    move(meeting, 3 * HOUR, now)
    look(now)
    words = words_to("Alice", "meeting_moved", now)
    assert words.subject == (
        "Group A: week 2 is now on Thursday 14 January 2027, 20:30 (Asia/Kolkata)"
    )
    assert "before: Thursday 14 January 2027, 17:30 (Asia/Kolkata)" in words.text
    assert "20:30 (Asia/Kolkata)" in words.html
    start = int((meeting.starts_at + 3 * HOUR).timestamp())
    assert f"week 2: <t:{start}:F>" in words_to("channel", "meeting_moved", now).text


def test_a_cancelled_meeting_is_announced_as_cancelled_with_its_reason(meeting, now):
    carry_out(moves.Cancel(meeting.pk), by=None, now=now, reason="Bob is <ill>")
    look(now)
    assert pending("meeting_cancelled") == ["Alice", "Bob", "channel"]
    words = words_to("Alice", "meeting_cancelled", now)
    assert words.subject == "Group A: week 2 is cancelled"
    assert "Reason: Bob is <ill>" in words.text
    assert "Thursday 14 January 2027, 17:30 (Asia/Kolkata)" in words.text


def test_a_postponed_term_is_one_message_to_each(meeting, now):
    carry_out(moves.Postpone(meeting.pk), by=None, now=now)
    look(now)
    assert pending("meeting_moved") == ["Alice", "Bob", "channel"]
    words = words_to("Alice", "meeting_moved", now)
    assert words.subject == "Group A: 3 meetings have new times"
    assert [f"Week {n}:" in words.text for n in (1, 2, 3, 4)] == [False, True, True, True]


def test_a_new_slot_is_said_to_be_one(meeting, now):
    slot = Slot(5, time(9), "UTC", 60)
    carry_out(moves.ChangeSlot(meeting.group_id, date(2027, 1, 11), slot), by=None, now=now)
    look(now)
    text = words_to("Bob", "meeting_moved", now).text
    assert "Group A has a new weekly time:" in text
    assert "Saturday 16 January 2027, 09:00 (UTC)" in text


def test_an_added_meeting_is_announced_as_added(meeting, now):
    carry_out(moves.Add(meeting.group_id, meeting.starts_at + 26 * HOUR), by=None, now=now)
    look(now)
    text = words_to("Bob", "meeting_moved", now).text
    assert "Group A has 1 new meeting:" in text
    assert "before" not in text


def test_what_follows_from_a_changed_fact_is_announced_too(academy, meeting, now):
    academy.cohort.number_of_meetings = 3
    academy.cohort.save()
    look(now + MINUTE)
    assert pending("meeting_cancelled").count("Alice") == 1
    assert "Week 4" in words_to("Alice", "meeting_cancelled", now).text


def test_that_a_group_has_meetings_at_all_is_no_change(academy, meeting, now):
    Group.objects.create(
        cohort=academy.cohort, name="New", weekday=0, start_time=time(9), status="active"
    )
    look(now)
    assert pending("meeting_moved") == []


# -- several moves of one meeting ----------------------------------------------------------------


def test_of_two_moves_before_a_notification_only_the_last_is_sent(meeting, now):
    move(meeting, 1 * HOUR, now)
    look(now)
    move(meeting, 4 * HOUR, now)
    look(now + MINUTE)
    assert pending("meeting_moved") == ["Alice", "Bob", "channel"]
    text = words_to("Alice", "meeting_moved", now).text
    assert "22:30 (Asia/Kolkata)" in text
    assert "before: Thursday 14 January 2027, 17:30" in text


def test_a_person_notified_of_the_first_move_reads_the_second_from_there(meeting, now):
    move(meeting, 1 * HOUR, now)
    send_all(now)
    move(meeting, 4 * HOUR, now)
    look(now + MINUTE)
    assert "before: Thursday 14 January 2027, 18:30" in words_to("Alice", "meeting_moved", now).text


def test_moved_there_and_back_before_a_notification_nothing_is_sent(meeting, now):
    move(meeting, 4 * HOUR, now)
    look(now)
    move(meeting, -4 * HOUR, now + MINUTE)
    look(now + MINUTE)
    assert pending("meeting_moved") == []
    assert Message.objects.filter(kind="meeting_moved", state="dropped").count() == 6


def test_moved_there_and_back_after_a_notification_people_are_notified_again(meeting, now):
    move(meeting, 4 * HOUR, now)
    send_all(now)
    move(meeting, -4 * HOUR, now + MINUTE)
    look(now + MINUTE)
    text = words_to("Alice", "meeting_moved", now).text
    assert "17:30 (Asia/Kolkata)" in text
    assert "before: Thursday 14 January 2027, 21:30" in text


def test_cancelled_and_restored_after_a_notification_it_is_announced_as_restored(meeting, now):
    carry_out(moves.Cancel(meeting.pk), by=None, now=now)
    send_all(now)
    carry_out(moves.Restore(meeting.pk), by=None, now=now + MINUTE)
    look(now + MINUTE)
    assert pending("meeting_moved") == ["Alice", "Bob", "channel"]
    assert "Group A will meet after all:" in words_to("Alice", "meeting_moved", now).text


def test_a_postponed_meeting_that_is_then_cancelled_is_announced_only_as_cancelled(meeting, now):
    carry_out(moves.Postpone(meeting.pk), by=None, now=now)
    carry_out(moves.Cancel(meeting.pk), by=None, now=now)
    look(now)
    assert "Week 2" not in words_to("Alice", "meeting_moved", now).text
    cancelled = words_to("Alice", "meeting_cancelled", now).text
    assert "Week 2: Thursday 14 January 2027, 17:30" in cancelled  # as Alice knew it


# -- who a move concerns -------------------------------------------------------------------------


def test_a_person_who_joins_after_the_move_finds_the_new_times(academy, meeting, now):
    move(meeting, HOUR, now)
    carol = academy.add_person("Carol")
    add_member(meeting.group_id, carol.pk, now=now + MINUTE)
    look(now + 2 * MINUTE)
    assert "Carol" not in pending("meeting_moved")


def test_a_person_who_left_is_not_notified(meeting, now):
    move(meeting, HOUR, now)
    look(now)
    member = Membership.objects.get(user__name="Alice")
    member.status = Membership.Status.DROPPED
    member.save()
    look(now + MINUTE)
    assert pending("meeting_moved") == ["Bob", "channel"]


def test_a_member_who_is_away_is_notified_too(academy, meeting, now):
    alice = Membership.objects.get(user__name="Alice").user
    host = academy.meeting("B", 2)
    book_visit(alice.pk, home_meeting_id=meeting.pk, host_meeting_id=host.pk, now=now)
    move(meeting, HOUR, now)
    look(now)
    assert pending("meeting_moved") == ["Alice", "Bob", "channel"]


def test_a_guest_who_stays_is_notified(academy, meeting, now):
    carol = academy.add_member("Carol", "B")
    book_visit(
        carol.pk,
        home_meeting_id=academy.meeting("B", 2).pk,
        host_meeting_id=meeting.pk,
        now=now - HOUR,
    )
    carry_out(moves.Reschedule(meeting.pk, meeting.starts_at, 90), by=None, now=now)
    look(now)
    assert "Carol" in pending("meeting_moved")
    assert "90 minutes" in words_to("Carol", "meeting_moved", now).text


def test_a_guest_reads_the_time_before_as_it_was_when_they_booked(academy, meeting, now):
    carol, home = academy.add_member("Carol", "B"), academy.meeting("B", 2)
    move(meeting, DAY, now)
    meeting.refresh_from_db()
    booked_at = now + MINUTE
    book_visit(carol.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=booked_at)
    longer = moves.Reschedule(meeting.pk, meeting.starts_at, 90)
    carry_out(longer, by=None, now=booked_at + MINUTE)
    look(booked_at + MINUTE)
    text = words_to("Carol", "meeting_moved", booked_at + MINUTE).text
    assert f"{meeting.starts_at:%A}" in text
    assert f"{meeting.starts_at - DAY:%A}" not in text, "of that time they never knew"


def test_no_message_is_recorded_for_a_member_or_guest_whose_account_is_closed(
    academy, meeting, now
):
    carol, dan = academy.add_member("Carol", "B"), academy.add_member("Dan", "B")
    home = academy.meeting("B", 2)
    for guest in (carol, dan):
        at = now - HOUR
        book_visit(guest.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=at)
    User.objects.filter(name__in=["Alice", "Carol"]).update(is_active=False)
    carry_out(moves.Reschedule(meeting.pk, meeting.starts_at, 90), by=None, now=now)
    collect(None, now=now)
    told = Message.objects.filter(kind="meeting_moved", user__isnull=False)
    assert sorted(told.values_list("user__name", flat=True)) == ["Bob", "Dan"]


@pytest.mark.django_db(transaction=True)
def test_a_guest_whose_visit_ends_is_notified_of_that_alone(academy, meeting, now, registered):
    registered.add(message_sources, pending_visit_emails)
    carol = academy.add_member("Carol", "B")
    home = academy.meeting("B", 2)
    book_visit(carol.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=now)
    move(meeting, HOUR, now)
    look(now + MINUTE)
    kinds = Message.objects.filter(user=carol, state="pending").values_list("kind", flat=True)
    assert list(kinds) == ["visit_broken"]


def test_a_group_in_preview_is_not_notified(academy, meeting, now):
    Group.objects.filter(pk=meeting.group_id).update(status="preview", set_up_at=None)
    move(meeting, HOUR, now)
    look(now)
    assert pending("meeting_moved") == []


def test_what_was_moved_in_preview_is_no_news(academy, meeting, now):
    """No one was notified of the times of a group that was not active yet."""
    Group.objects.filter(pk=meeting.group_id).update(
        status="preview", set_up_at=None, activated_at=None
    )
    move(meeting, HOUR, now)
    Group.objects.filter(pk=meeting.group_id).update(
        status="active", set_up_at=now + 30 * MINUTE, activated_at=now + 30 * MINUTE
    )
    look(now + HOUR)
    assert pending("meeting_moved") == []
    move(meeting, HOUR, now + HOUR)
    look(now + 2 * HOUR)
    assert "before: Thursday 14 January 2027, 18:30" in words_to("Alice", "meeting_moved", now).text


def test_a_person_who_had_declined_is_reminded_of_that(academy, meeting, now):
    alice = Membership.objects.get(user__name="Alice").user
    Attendance.objects.create(
        meeting=meeting, user=alice, rsvp=Attendance.Rsvp.NOT_ATTENDING, rsvp_at=now
    )
    move(meeting, HOUR, now)
    look(now)
    assert "you answered that you can't attend" in words_to("Alice", "meeting_moved", now).text
    assert "you answered" not in words_to("Bob", "meeting_moved", now).text


def test_a_cohort_that_has_ended_is_not_notified(academy, meeting, now):
    move(meeting, HOUR, now)
    look(now)
    Cohort.objects.update(status=Cohort.Status.CANCELLED)
    look(now + MINUTE)
    assert pending("meeting_moved") == []
    look(meeting.starts_at - 23 * HOUR)
    assert pending("reminder") == []


def test_it_is_never_announced_after_the_meeting(meeting, now):
    move(meeting, HOUR, now)
    look(now)
    look(meeting.starts_at + HOUR)
    assert pending("meeting_moved") == []
    assert timezone.is_aware(meeting.starts_at)


def test_a_collection_reads_no_move_that_an_earlier_one_has_stored(academy, meeting, now):
    move(meeting, HOUR, now)
    everyone = frozenset({meeting.group_id})
    assert list(pending_changes(None, now + HOUR, now + HOUR)) == []
    assert len(list(pending_changes(None, now, now + HOUR))) == 3
    assert len(list(pending_changes(everyone, now + HOUR, now + HOUR))) == 3, "in a run"


def test_a_move_that_is_committed_after_a_collection_is_found_by_the_next(academy, meeting, now):
    look(now)
    Installation.objects.update(collected_at=now + 10 * MINUTE)
    move(meeting, HOUR, now)
    look(now + 11 * MINUTE)
    assert pending("meeting_moved") == ["Alice", "Bob", "channel"]


@pytest.mark.matrix
def test_a_collection_costs_the_same_after_any_number_of_moves(db):
    calls = []
    make_known_academy(24)
    for count in (0, 400):
        move_meetings(count, NOW)
        store(pending_changes(None, NOW - 14 * DAY, NOW), now=NOW)
        collect(None, now=NOW)
        calls.append(count_calls(lambda: collect(None, now=NOW + HOUR)))
    assert calls[1] < 1.2 * calls[0]
