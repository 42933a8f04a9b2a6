"""The ledger read from the database: corrections, answers, moves, visits, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, Group, Membership, User
from guestvisits.services.booking import book_visit
from meetings.attendance.corrections import correct_presence
from meetings.attendance.ledger import AttendanceRecord, read_cohort_records, read_records
from meetings.attendance.outcomes import Completion
from meetings.attendance.was_held import answer_was_held
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def academy() -> Academy:
    """Ann, Ali and Amy are in A with Fay as their facilitator; Bea and Ben are in B."""
    academy = Academy(NOW, groups="AB")
    for name in ("Ann", "Ali", "Amy"):
        academy.add_member(name, "A")
    academy.add_facilitator("Fay", "A")
    for name in ("Bea", "Ben"):
        academy.add_member(name, "B")
    Membership.objects.update(joined_at=NOW - DAY)
    return academy


def person(name: str) -> User:
    return User.objects.get(name=name)


def see(meeting: Meeting, *names: str, **fields: Any) -> None:
    """The bot sees these people, and no other member of the group."""
    members = Membership.objects.filter(group=meeting.group_id, status="active")
    for user in {*User.objects.filter(name__in=names), *(member.user for member in members)}:
        is_seen = user.name in names
        Attendance.objects.update_or_create(
            meeting=meeting,
            user=user,
            defaults={
                "checked_in_at": meeting.starts_at if is_seen else None,
                "not_seen": not is_seen,
                **fields,
            },
        )


def record(academy: Academy, name: str, now: datetime) -> AttendanceRecord:
    found = read_cohort_records(academy.cohort.pk, now)
    return next(one for one in found if one.member.user.name == name)


def marks(academy: Academy, name: str, now: datetime) -> str:
    """The first letter of each mark; in upper case while it is not final."""
    return "".join(
        entry.mark.value[0].upper() if not entry.is_final else entry.mark.value[0]
        for entry in record(academy, name, now).entries
    )


def test_marks_become_final_a_day_later(academy):
    meeting = academy.meeting("A")
    see(meeting, "Ann", "Fay")
    assert marks(academy, "Ann", meeting.starts_at - MINUTE) == ""
    assert marks(academy, "Ann", meeting.ends_at) == "A"
    assert marks(academy, "Ali", meeting.ends_at + DAY - MINUTE) == "M"
    assert marks(academy, "Ali", meeting.ends_at + DAY) == "m"


def test_an_answer_decides_about_a_meeting_at_which_one_person_was_seen(academy):
    meeting, fay = academy.meeting("A"), person("Fay").pk
    see(meeting, "Fay")
    now = meeting.ends_at
    assert marks(academy, "Ann", now) == "U"
    answer_was_held(meeting.pk, answer="no", by=fay, now=now)
    assert marks(academy, "Ann", now) == ""
    answer_was_held(meeting.pk, answer="here", by=fay, now=now)
    assert marks(academy, "Ann", now) == "M"
    answer_was_held(meeting.pk, answer="elsewhere", by=fay, now=now)
    assert marks(academy, "Ann", now) == "U"
    correct_presence(meeting.pk, person("Ann").pk, presence="absent", by=fay, now=now)
    assert marks(academy, "Ann", now) == "M"


def test_a_meeting_that_is_moved_after_the_fact_forgets_what_was_said_of_its_first_date(academy):
    meeting, fay = academy.meeting("A"), person("Fay").pk
    see(meeting)
    now = meeting.ends_at
    answer_was_held(meeting.pk, answer="here", by=fay, now=now)
    correct_presence(meeting.pk, person("Ann").pk, presence="absent", by=fay, now=now)
    assert marks(academy, "Ann", now + 2 * DAY) == "m"
    moved = move_meeting(meeting.pk, starts_at=meeting.starts_at + 3 * DAY, now=now + MINUTE)
    assert marks(academy, "Ann", now + 2 * DAY) == ""
    Attendance.objects.update(not_seen=False)  # what detection does with the next observation
    assert marks(academy, "Ann", moved.ends_at + DAY) == "u"
    assert marks(academy, "Ali", moved.ends_at + DAY) == "u"


def test_cancelled_meetings_and_those_after_the_end_count_for_nobody(academy):
    cancel_meeting(academy.meeting("A", 1).pk, now=NOW)
    last = academy.meeting("A", 2)
    see(last, "Ann", "Ali")
    see(academy.meeting("A", 3))
    Cohort.objects.update(status="completed", ended_at=last.ends_at)
    Group.objects.update(status="completed", ended_at=last.ends_at)
    Membership.objects.update(status="completed", left_at=last.ends_at)
    assert marks(academy, "Amy", last.ends_at + 60 * DAY) == "m"


def test_those_who_said_no_in_time_are_excused_and_so_are_those_whom_a_person_excuses(academy):
    meeting, fay = academy.meeting("A"), person("Fay").pk
    set_rsvp(meeting.pk, person("Ann").pk, "not_attending", now=meeting.starts_at - HOUR)
    see(meeting, "Fay", "Amy")
    late = Attendance.objects.get(user__name="Ali")
    late.rsvp, late.rsvp_at = "not_attending", meeting.starts_at + MINUTE
    late.save()
    now = meeting.ends_at
    assert marks(academy, "Ann", now) == "E"
    assert marks(academy, "Ali", now) == "M"
    correct_presence(meeting.pk, person("Ali").pk, presence="excused", by=fay, now=now)
    assert marks(academy, "Ali", now) == "E"
    assert record(academy, "Ali", now).count.excused == 1
    assert Attendance.objects.get(user__name="Ali").presence == "absent"


def test_a_visit_booked_after_the_miss_makes_up_for_it_once_the_person_was_there(academy):
    own = academy.meeting("A")
    host = academy.meeting("B")
    see(own, "Fay", "Ann")
    book_visit(
        person("Ali").pk, home_meeting_id=own.pk, host_meeting_id=host.pk, now=own.ends_at + HOUR
    )
    before = host.ends_at - MINUTE
    assert marks(academy, "Ali", before) == "U"
    see(host, "Bea", "Ben", "Ali")
    assert record(academy, "Ali", host.ends_at + DAY).count.elsewhere == 1
    Attendance.objects.filter(user__name="Ali", meeting=host).update(
        checked_in_at=None, not_seen=True
    )
    assert marks(academy, "Ali", host.ends_at + DAY) == "m"


def test_people_who_joined_later_are_not_expected_before_and_staff_decide_about_them(academy):
    Cohort.objects.update(allowed_absences=1)
    first, second = academy.meeting("A", 1), academy.meeting("A", 2)
    see(first, "Ann", "Ali")
    late = academy.add_member("Zoe", "A")
    Membership.objects.filter(user=late).update(joined_at=first.ends_at + HOUR)
    see(second, "Ann", "Ali")
    now = second.ends_at + DAY
    assert marks(academy, "Zoe", now) == "m"
    assert record(academy, "Zoe", now).outcome == Completion.STAFF_DECIDE
    assert record(academy, "Amy", now).outcome == Completion.TOO_MANY
    assert record(academy, "Ann", now).outcome == Completion.ON_TRACK


def test_the_signal_is_there_when_the_second_miss_becomes_final(academy):
    for week in (1, 2):
        see(academy.meeting("A", week), "Ann", "Fay")
    final_at = academy.meeting("A", 2).ends_at + DAY
    assert record(academy, "Ali", final_at - MINUTE).risk is None
    risk = record(academy, "Ali", final_at).risk
    assert risk
    assert [entry.meeting.number for entry in risk.absences] == [1, 2]
    assert record(academy, "Ann", final_at).risk is None


# -- what people may say ------------------------------------------------------------------------


def refused(act: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        act(*args, **kwargs)
    return refusal.value.code


def test_a_correction_of_a_final_mark_needs_a_reason(academy):
    meeting, fay, ann = academy.meeting("A"), person("Fay").pk, person("Ann").pk
    see(meeting, "Fay", "Amy")
    final = {"by": fay, "now": meeting.ends_at + DAY}
    assert refused(correct_presence, meeting.pk, ann, presence="present", **final) == (
        "reason_missing"
    )
    row = correct_presence(meeting.pk, ann, presence="present", reason=" was  ill ", **final)
    assert row.correction_reason == "was ill"
    correct_presence(meeting.pk, ann, presence="present", **final)  # changes nothing
    soon = meeting.ends_at + DAY - MINUTE
    correct_presence(meeting.pk, person("Ali").pk, presence="present", by=fay, now=soon)


def test_the_record_is_frozen_when_the_cohort_has_ended(academy):
    meeting, fay = academy.meeting("A"), person("Fay").pk
    Cohort.objects.update(status="completed", ended_at=meeting.ends_at)
    said = {"by": fay, "now": meeting.ends_at + HOUR}
    ann = person("Ann").pk
    assert refused(correct_presence, meeting.pk, ann, presence="absent", **said) == "cohort_ended"
    assert refused(answer_was_held, meeting.pk, answer="no", **said) == "cohort_ended"


def test_whether_it_was_held_is_not_asked_before_it_is_over(academy):
    meeting, fay = academy.meeting("A"), person("Fay").pk
    running = {"by": fay, "now": meeting.ends_at - MINUTE}
    assert refused(answer_was_held, meeting.pk, answer="no", **running) == "meeting_running"
    ahead = {"by": fay, "now": NOW}
    assert refused(answer_was_held, meeting.pk, answer="no", **ahead) == "meeting_ahead"
    assert refused(answer_was_held, meeting.pk, answer="perhaps", **running) == "bad_answer"


# -- what it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [2, 12])
def test_any_number_of_groups_takes_three_queries(groups, django_assert_num_queries):
    names = [f"{n:02}" for n in range(groups)]
    academy = Academy(NOW, groups=names, name="Large")
    for name in names:
        academy.add_member(f"Member {name}", name)
    Membership.objects.update(joined_at=NOW - DAY)
    for meeting in Meeting.objects.filter(number__lt=3):
        see(meeting)
    with django_assert_num_queries(3):
        found = read_records([group.pk for group in academy.groups.values()], NOW + 40 * DAY)
        assert {record.count.held for record in found.values()} == {4}
        assert all(record.outcome == Completion.NO_RULE for record in found.values())
