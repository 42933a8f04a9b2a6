"""Reminders follow from the facts of the moment: who comes, when, and whether it is still time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import AccessState, Group, Membership, User
from cohorts.outbox.models import Message
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Attendance
from tests.meetings.messages.conftest import look, pending, words_to
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Rsvp = Attendance.Rsvp


@pytest.fixture
def meeting(academy):
    """The first of group A, of which Alice and Bob are members."""
    academy.add_member("Alice", "A", timezone="Asia/Kolkata")
    academy.add_facilitator("Bob", "A")
    return academy.meeting("A")


def answer(meeting, name: str, rsvp: str) -> None:
    person = Membership.objects.get(user__name=name, status="active").user
    Attendance.objects.update_or_create(meeting=meeting, user=person, defaults={"rsvp": rsvp})


def reminders(**which) -> int:
    return Message.objects.filter(kind="reminder", **which).count()


def test_a_day_and_an_hour_before_people_who_attend_are_reminded_once(meeting):
    for ahead, count in [(25, 0), (24, 3), (23, 3), (12, 3), (2, 3), (1, 6), (0.5, 6)]:
        look(meeting.starts_at - ahead * HOUR)
        assert reminders() == count, ahead


def test_only_people_who_want_it_and_are_in_the_server_are_mentioned(academy, meeting):
    ids = {"Alice": 200000000000000001, "Bob": 200000000000000002, "Carol": 200000000000000003}
    carol = academy.add_member("Carol", "A")
    for name, discord_id in ids.items():
        User.objects.filter(name=name).update(discord_id=discord_id)
    User.objects.filter(name="Bob").update(wants_discord=False)
    AccessState.objects.create(
        user=carol, group=meeting.group, provider="discord", state=AccessState.State.NOT_JOINED
    )
    look(meeting.starts_at - 24 * HOUR)
    text = words_to("channel", "reminder", meeting.starts_at).text
    assert [str(pk) in text for pk in ids.values()] == [True, False, False]


def test_the_group_is_notified_in_its_channel(meeting):
    look(meeting.starts_at - 24 * HOUR)
    assert pending("reminder") == ["Alice", "Bob", "channel"]
    assert "Week 1" in words_to("channel", "reminder", meeting.starts_at - 24 * HOUR).text


@pytest.mark.parametrize(
    ("rsvp", "comes"),
    [
        (Rsvp.ATTENDING, True),
        (Rsvp.TENTATIVE, True),
        (Rsvp.PENDING, True),
        (Rsvp.NOT_ATTENDING, False),
    ],
)
def test_a_person_who_declined_is_left_in_peace(meeting, rsvp, comes):
    answer(meeting, "Alice", rsvp)
    look(meeting.starts_at - 24 * HOUR)
    assert ("Alice" in pending("reminder")) == comes


def test_a_visitor_is_reminded_of_the_host_meeting_and_not_of_the_home_meeting(academy, meeting):
    """It was the other way round."""
    alice = Membership.objects.get(user__name="Alice").user
    host = academy.meeting("B")
    book_visit(alice.pk, home_meeting_id=meeting.pk, host_meeting_id=host.pk, now=academy.now)
    look(meeting.starts_at - 24 * HOUR)
    assert pending("reminder") == ["Bob", "channel"]
    look(host.starts_at - 24 * HOUR)
    told = Message.objects.get(kind="reminder", user=alice)
    assert told.context["meeting"] == host.pk
    words = words_to("Alice", "reminder", host.starts_at - 24 * HOUR).text
    assert "Group B expects you as a guest" in words
    assert "/meetings/\n" in words  # where the visit can be cancelled


def test_times_are_in_the_readers_own_zone_and_labelled(meeting):
    look(meeting.starts_at - 24 * HOUR)
    words = words_to("Alice", "reminder", meeting.starts_at)
    assert "Thursday 7 January 2027, 17:30 (Asia/Kolkata)" in words.text
    assert "17:30 (Asia/Kolkata)" in words.subject
    assert f"/meetings/{meeting.pk}/alternatives/" in words.text


def test_a_moved_meeting_is_announced_at_its_new_time_and_not_at_its_old(meeting):
    """Kinds were compared and not times: the old time was announced."""
    look(meeting.starts_at - 24 * HOUR)
    old, new = meeting.starts_at, meeting.starts_at + 3 * HOUR
    move_meeting(meeting.pk, starts_at=new, now=old - 23 * HOUR)

    look(old - 23 * HOUR)
    assert pending("reminder") == []
    dropped = set(Message.objects.filter(kind="reminder").values_list("state", "not_sent_reason"))
    assert dropped == {("dropped", "The meeting was moved to another time.")}

    look(new - 24 * HOUR)
    assert pending("reminder") == ["Alice", "Bob", "channel"]
    starts = {
        row.context["start"] for row in Message.objects.filter(state="pending", kind="reminder")
    }
    assert starts == {int(new.timestamp())}


def test_a_reminder_that_was_sent_comes_again_for_another_time(meeting):
    look(meeting.starts_at - 24 * HOUR)
    Message.objects.filter(kind="reminder").update(state="sent")
    new = meeting.starts_at + 48 * HOUR
    move_meeting(meeting.pk, starts_at=new, now=meeting.starts_at - 23 * HOUR)
    look(new - 24 * HOUR)
    assert pending("reminder") == ["Alice", "Bob", "channel"]


@pytest.mark.parametrize("how", ["cancelled", "ended", "declined", "left"])
def test_what_is_not_true_any_more_is_not_sent(meeting, how):
    now = meeting.starts_at - 24 * HOUR
    look(now)
    match how:
        case "cancelled":
            cancel_meeting(meeting.pk, now=now)
        case "ended":
            end_group(meeting.group_id, status="cancelled", now=now)
        case "declined":
            answer(meeting, "Alice", Rsvp.NOT_ATTENDING)
        case "left":
            member = Membership.objects.get(user__name="Alice")
            member.status = Membership.Status.DROPPED
            member.save()
    look(now + MINUTE)
    assert "Alice" not in pending("reminder")
    assert ("Bob" in pending("reminder")) == (how in {"declined", "left"})


def test_a_person_who_joins_later_is_reminded_from_then_on(academy, meeting):
    look(meeting.starts_at - 24 * HOUR)
    carol = academy.add_person("Carol")
    add_member(meeting.group_id, carol.pk, now=meeting.starts_at - 20 * HOUR)
    look(meeting.starts_at - 20 * HOUR)
    assert pending("reminder") == ["Alice", "Bob", "Carol", "channel"]


def test_a_guest_who_cancels_the_visit_is_at_home_again(academy, meeting):
    alice = Membership.objects.get(user__name="Alice").user
    host = academy.meeting("B")
    book_visit(alice.pk, home_meeting_id=meeting.pk, host_meeting_id=host.pk, now=academy.now)
    cancel_visit(alice.pk, host_meeting_id=host.pk, now=academy.now)
    look(meeting.starts_at - 24 * HOUR)
    assert pending("reminder") == ["Alice", "Bob", "channel"]
    look(host.starts_at - 24 * HOUR)  # by now the first have expired
    assert pending("reminder") == ["channel"]


def test_after_a_downtime_nothing_is_sent_late(meeting):
    look(meeting.starts_at - 12 * HOUR)  # a day's reminder is over by now
    assert pending("reminder") == []
    assert reminders(state="expired") == 3
    look(meeting.starts_at - 15 * MINUTE)
    assert pending("reminder") == []
    assert reminders(state="expired") == 6


def test_o11_no_reminder_was_missed_by_who_joined_after_it(meeting):
    later = meeting.starts_at - 10 * HOUR
    Membership.objects.filter(user__name="Alice").update(joined_at=later)
    look(later)
    assert pending("reminder", state="expired") == ["Bob", "channel"]
    look(meeting.starts_at - 1 * HOUR)
    assert pending("reminder") == ["Alice", "Bob", "channel"]


def test_no_reminder_was_missed_by_a_guest_who_booked_after_it(academy, meeting, now):
    """No worker ran in the night before, and Carol books in the morning."""
    Membership.objects.update(joined_at=now)
    carol, home = academy.add_member("Carol", "B"), academy.meeting("B")
    look(meeting.starts_at - 25 * HOUR)
    book_visit(
        carol.pk,
        home_meeting_id=home.pk,
        host_meeting_id=meeting.pk,
        now=meeting.starts_at - 6 * HOUR,
    )
    look(meeting.starts_at - 5 * HOUR)
    assert pending("reminder", state="expired") == ["Alice", "Bob", "channel"]
    look(meeting.starts_at - HOUR)
    assert pending("reminder") == ["Alice", "Bob", "Carol", "channel"]


def test_o11_no_reminder_was_missed_by_a_group_that_became_active_after_it(meeting):
    later = meeting.starts_at - 10 * HOUR
    Group.objects.filter(pk=meeting.group_id).update(set_up_at=later, activated_at=later)
    look(later)
    assert reminders() == 0


def test_after_a_downtime_what_is_not_too_late_is_sent(meeting):
    look(meeting.starts_at - 16 * MINUTE)
    assert (reminders(state="pending"), reminders(state="expired")) == (3, 3)


def test_what_could_not_be_sent_in_time_says_so(meeting):
    look(meeting.starts_at - 1 * HOUR)
    look(meeting.starts_at - 15 * MINUTE)
    assert pending("reminder") == []
    assert reminders(state="expired", not_sent_reason="It could not be sent in time.") == 3


def test_a_group_that_is_not_set_up_yet_is_not_reminded(academy, meeting):
    academy.groups["A"].status, academy.groups["A"].set_up_at = "preview", None
    academy.groups["A"].save()
    look(meeting.starts_at - 24 * HOUR)
    assert reminders() == 0


@pytest.mark.parametrize("groups", ["A", "ABC"])
def test_the_number_of_queries_does_not_grow_with_the_meetings(
    academy, groups, django_assert_num_queries
):
    from meetings.messages.reminders import pending_reminders

    for group in groups:
        academy.add_member(f"Person {group}", group)
        meeting = academy.meeting(group)
        move_meeting(
            meeting.pk, starts_at=academy.now + 30 * HOUR, now=academy.now, duration_minutes=30
        )
    with django_assert_num_queries(4):
        owed_now = list(pending_reminders(None, *[academy.now + 10 * HOUR] * 2))
    assert len(owed_now) == 2 * len(groups)
