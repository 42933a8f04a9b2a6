"""Moves carried out: rows, rhythm and record, with other moves at the same moment or after."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import Group
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from meetings.models import EarlierSlot, Meeting, MeetingChange, MeetingMove, SkippedWeek
from meetings.moving import moves
from meetings.moving.preview import preview_move
from meetings.moving.services import carry_out
from meetings.rhythm import Slot
from meetings.services import repair_meetings
from tests.support.academy import Academy
from tests.support.listening import listening
from tests.support.race import DONE, race

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def numbers(group: Group) -> dict[int, int | None]:
    return dict(group.meetings.values_list("pk", "number"))


def starts(group: Group) -> dict[int, datetime]:
    held = group.meetings.filter(status=Meeting.Status.SCHEDULED)
    return dict(held.values_list("number", "starts_at"))


def every_move(academy: Academy) -> list[moves.Move]:
    """Each kind of move, one after the other, on group A."""
    second, third = academy.meeting("A", 2), academy.meeting("A", 3)
    slot = Slot(5, time(9), "Europe/Berlin", 90)
    return [
        moves.Reschedule(second.pk, second.starts_at + 3 * HOUR),
        moves.Cancel(second.pk),
        moves.Restore(second.pk),
        moves.Postpone(second.pk),
        moves.PutLast(third.pk),
        moves.Add(third.group_id, third.starts_at + 26 * HOUR),
        moves.ChangeSlot(third.group_id, date(2027, 1, 20), slot),
    ]


def test_with_any_move_no_row_is_deleted_and_none_gets_another_number(academy, now):
    """It was the row of the postponed week that was deleted, and the rest that was renumbered."""
    group = academy.groups["A"]
    before = numbers(group)
    for move in every_move(academy):
        carry_out(move, by=None, now=now)
        assert before.items() <= numbers(group).items()
    assert list(numbers(group).values()) == [1, 2, 3, 4, None]


def test_same_week_means_the_same_number_after_every_move(academy, now):
    alice = academy.add_member("Alice", "A")
    for move in every_move(academy):
        carry_out(move, by=None, now=now)
    for number in (1, 2, 3, 4):
        home, host = academy.meeting("A", number), academy.meeting("B", number)
        visit = book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
        assert visit.host_meeting.number == visit.home_meeting.number == number


def test_after_every_move_the_hourly_compare_finds_nothing_to_mend(academy, now):
    for move in every_move(academy):
        carry_out(move, by=None, now=now)
        assert repair_meetings(now) == set()


def test_a_postponed_group_stays_postponed_after_any_other_move(academy, now):
    carry_out(moves.Postpone(academy.meeting("A", 2).pk), by=None, now=now)
    group = Group.objects.get(pk=academy.groups["A"].pk)
    before = starts(group)
    academy.cohort.number_of_meetings = 5
    academy.cohort.save()
    assert starts(group) == before | {5: before[4] + timedelta(weeks=1)}
    assert SkippedWeek.objects.get().group == group


def test_a_slot_changes_from_the_day_on_and_the_group_shows_the_new_one(academy, now):
    group = academy.groups["A"]
    before = starts(group)
    day = before[3].date() - timedelta(days=1)
    slot = Slot(group.weekday, time(20, 30), "UTC", 45)
    carry_out(moves.ChangeSlot(group.pk, day, slot), by=None, now=now)
    group.refresh_from_db()
    assert (group.start_time, group.duration_minutes) == (time(20, 30), 45)
    after = starts(group)
    assert (after[1], after[2]) == (before[1], before[2])
    assert [after[n].time() for n in (3, 4)] == [time(20, 30)] * 2
    assert EarlierSlot.objects.get().until == day


def test_each_move_is_written_down_with_who_when_from_and_to(academy, now):
    bob = academy.add_facilitator("Bob", "A")
    meeting = academy.meeting("A", 2)
    move = carry_out(moves.Reschedule(meeting.pk, meeting.starts_at + HOUR, 90), by=bob.pk, now=now)
    assert (move.kind, move.by, move.at) == ("reschedule", bob, now)
    change = move.changes.get()
    assert (change.meeting, change.start_before, change.start_after) == (
        meeting,
        meeting.starts_at,
        meeting.starts_at + HOUR,
    )
    assert (change.minutes_before, change.minutes_after) == (60, 90)


def test_what_was_not_held_before_or_is_not_after_has_no_time(academy, now):
    meeting = academy.meeting("A", 2)
    gone = carry_out(moves.Cancel(meeting.pk), by=None, now=now).changes.get()
    extra = carry_out(
        moves.Add(meeting.group_id, meeting.starts_at + 26 * HOUR), by=None, now=now
    ).changes.get()
    assert (gone.start_before, gone.start_after) == (meeting.starts_at, None)
    assert (extra.start_before, extra.meeting.number) == (None, None)


def test_meetings_that_follow_a_changed_fact_are_written_down_too(academy, now):
    assert not MeetingMove.objects.exists()  # that a group has meetings at all is no change
    academy.cohort.number_of_meetings = 3
    academy.cohort.save()
    moved = MeetingMove.objects.filter(kind=MeetingMove.Kind.FOLLOWED)
    assert {move.group_id for move in moved} == {group.pk for group in academy.groups.values()}
    assert set(MeetingChange.objects.values_list("meeting__number", "start_after")) == {(4, None)}


def test_a_move_is_announced_once_and_the_following_finds_nothing(academy, now):
    group = academy.groups["A"]
    day = academy.meeting("A", 3).starts_at.date()
    with listening() as heard:
        slot = Slot(group.weekday, time(20), "UTC", 60)
        carry_out(moves.ChangeSlot(group.pk, day, slot), by=None, now=now)
    assert heard == [{group.pk}]


def test_a_refused_move_writes_nothing(academy, now):
    meeting = academy.meeting("A", 2)
    with pytest.raises(Refusal) as refused:
        carry_out(moves.Reschedule(meeting.pk, academy.meeting("A", 3).starts_at), by=None, now=now)
    assert refused.value.code == "clash"
    assert not MeetingMove.objects.exists()


def test_what_has_changed_since_it_was_shown_is_not_done(academy, now):
    alice = academy.add_member("Alice", "B")
    cancel = moves.Cancel(academy.meeting("A", 2).pk)
    seen = preview_move(cancel, now=now).digest
    visit = book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("B", 2).pk,
        host_meeting_id=cancel.meeting_id,
        now=now,
    )
    with pytest.raises(Refusal) as refused:
        carry_out(cancel, by=None, now=now, seen=seen)
    assert refused.value.code == "facts_changed"
    assert visit.host_meeting.status == Meeting.Status.SCHEDULED

    carry_out(cancel, by=None, now=now, seen=preview_move(cancel, now=now).digest)
    visit.host_meeting.refresh_from_db()
    assert visit.host_meeting.is_cancelled


@pytest.mark.django_db(transaction=True)
def test_the_visits_that_were_shown_to_end_are_those_that_end(academy, now):
    guests = [academy.add_member(name, "B") for name in ("Alice", "Bob")]
    for guest, number in zip(guests, (2, 3), strict=True):
        book_visit(
            guest.pk,
            home_meeting_id=academy.meeting("B", number).pk,
            host_meeting_id=academy.meeting("A", number).pk,
            now=now,
        )
    shown = preview_move(moves.Cancel(academy.meeting("A", 2).pk), now=now)
    carry_out(moves.Cancel(academy.meeting("A", 2).pk), by=None, now=now)
    ended = GuestVisit.objects.filter(ended_at__isnull=False)
    assert [visit.user.name for visit in ended] == ["Alice"] == [c.name for c in shown.consequences]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_move_the_same_meeting_at_once_both_find_the_truth(academy, now):
    """One of two cancellations is refused; two postponements would be two weeks."""
    cancel = moves.Cancel(academy.meeting("A", 1).pk)
    answers = race(*[lambda: carry_out(cancel, by=None, now=now)] * 2)
    assert sorted(answers) == [DONE, "meeting_cancelled"]

    postpone = moves.Postpone(academy.meeting("A", 2).pk)
    seen = preview_move(postpone, now=now).digest
    answers = race(*[lambda: carry_out(postpone, by=None, now=now, seen=seen)] * 2)
    assert sorted(answers) == [DONE, "facts_changed"]
    assert SkippedWeek.objects.count() == 1
