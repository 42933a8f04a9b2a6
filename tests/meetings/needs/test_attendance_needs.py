"""Today names people at risk, and meetings of which nobody knows whether they were held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Cohort, Membership, User
from cohorts.needs.items import Need
from cohorts.needs.open_cohorts import read_open_cohorts
from cohorts.outbox.models import Message
from meetings.attendance.ledger import read_cohort_records
from meetings.attendance.risks import dismiss_risks
from meetings.attendance.was_held import answer_was_held
from meetings.models import Attendance, Meeting
from meetings.needs.at_risk import find_people_at_risk
from meetings.needs.meetings_in_question import find_meetings_in_question
from tests.support.academy import Academy
from tests.support.moves import move_meeting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def academy() -> Academy:
    """Ann, Ali and Fay are in A; Ali misses weeks 1 and 2."""
    academy = Academy(NOW, groups="AB")
    academy.add_member("Ann", "A")
    academy.add_member("Ali", "A")
    academy.add_facilitator("Fay", "A")
    Membership.objects.update(joined_at=NOW - DAY)
    for week in (1, 2):
        see(academy.meeting("A", week), "Ann", "Fay")
    return academy


def see(meeting: Meeting, *names: str) -> None:
    for member in meeting.group.memberships.filter(status="active").select_related("user"):
        there = member.user.name in names
        Attendance.objects.update_or_create(
            meeting=meeting,
            user=member.user,
            defaults={
                "checked_in_at": meeting.starts_at if there else None,
                "not_seen": not there,
            },
        )


def at_risk(now: datetime) -> list[Need]:
    return list(find_people_at_risk(read_open_cohorts(now)))


def names_at_risk(now: datetime) -> list[str]:
    return [one.name for need in at_risk(now) for one in need.subjects]


def final(academy: Academy, week: int) -> datetime:
    return academy.meeting("A", week).ends_at + DAY


def test_two_misses_are_named_within_an_hour_of_the_second_being_final(academy):
    assert names_at_risk(final(academy, 2) - MINUTE) == []
    (need,) = at_risk(final(academy, 2) + HOUR)
    assert need.sentence == "1 person is at risk of dropping out"
    (ali,) = need.subjects
    assert (ali.name, ali.note) == ("Ali", "Group A, absent in week 1 and week 2")
    assert ali.button
    person = User.objects.get(name="Ali")
    assert ali.button.query == f"people={person.pk}&about=at-risk"


def test_a_meeting_that_was_moved_after_the_fact_puts_no_one_at_risk(academy):
    meeting = academy.meeting("A", 2)
    see(meeting)  # no one, so that it can still be moved
    moved = move_meeting(
        meeting.pk, starts_at=meeting.starts_at + 3 * DAY, now=meeting.ends_at + HOUR
    )
    see(moved, "Ann", "Fay")
    assert names_at_risk(moved.ends_at + DAY) == []


def test_it_is_over_when_they_attend(academy):
    see(academy.meeting("A", 3), "Ann", "Ali")
    assert names_at_risk(academy.meeting("A", 3).starts_at - MINUTE) == ["Ali"]
    assert names_at_risk(academy.meeting("A", 3).starts_at + MINUTE) == []


def test_it_is_over_when_staff_dismiss_it_until_another_miss(academy):
    now, ali = final(academy, 2), User.objects.get(name="Ali")
    by = User.objects.get(name="Fay").pk
    assert dismiss_risks(academy.cohort.pk, {ali.pk}, by=by, now=now) == 1
    assert names_at_risk(now) == []
    assert dismiss_risks(academy.cohort.pk, {ali.pk}, by=by, now=now) == 0
    see(academy.meeting("A", 3), "Ann", "Fay")
    assert names_at_risk(final(academy, 3)) == ["Ali"]


@pytest.mark.parametrize("allowed", [None, 0, 1, 2])
def test_whoever_is_at_risk_by_their_record_is_named(academy, allowed):
    Cohort.objects.update(allowed_absences=allowed)
    for name, week, fields in (
        ("Eva", 1, {"correction": "excused", "corrected_at": NOW + 30 * DAY}),  # by hand
        ("Ned", 2, {"rsvp": "not_attending", "rsvp_at": NOW}),  # before the start
        ("Tom", 3, {"correction": "absent", "corrected_at": NOW + 30 * DAY}),
    ):
        person = academy.add_member(name, "A")
        Membership.objects.filter(user=person).update(joined_at=NOW - DAY)
        meeting = academy.meeting("A", week)
        Attendance.objects.update_or_create(meeting=meeting, user=person, defaults=fields)
    now = final(academy, 3)
    records = read_cohort_records(academy.cohort.pk, now)
    assert set(names_at_risk(now)) == {one.member.user.name for one in records if one.open_risk}
    assert set(names_at_risk(now)) >= ({"Ali", "Eva"} if allowed in {0, 1} else {"Ali"})


@pytest.mark.parametrize(
    ("audience", "after", "named"),
    [
        ("chosen people", HOUR, []),
        ("everyone in the cohort", HOUR, ["Ali"]),  # says nothing about them
        ("chosen people", -8 * DAY, ["Ali"]),  # before the second miss
    ],
)
def test_it_is_over_when_staff_write_to_them_by_name(academy, audience, after, named):
    at = academy.meeting("A", 2).ends_at + after
    Message.objects.create(
        key="staff_letter:1",
        kind="staff_letter",
        channel="email",
        user=User.objects.get(name="Ali"),
        group=academy.groups["A"],
        context={"audience": audience},
        due_at=at,
        cutoff_at=at + DAY,
        created_at=at,
    )
    assert names_at_risk(final(academy, 2)) == named


def in_question(now: datetime) -> list[tuple[str, str]]:
    needs = find_meetings_in_question(read_open_cohorts(now))
    return [(one.name, one.note) for need in needs for one in need.subjects]


def test_staff_are_asked_a_day_later_whether_a_meeting_was_held(academy):
    meeting = academy.meeting("A", 3)
    see(meeting, "Fay")
    Meeting.objects.filter(group=academy.groups["B"]).update(status="cancelled")
    assert in_question(final(academy, 3) - MINUTE) == []
    assert in_question(final(academy, 3)) == [("Group A", "week 3")]
    fay = User.objects.get(name="Fay").pk
    answer_was_held(meeting.pk, answer="no", by=fay, now=final(academy, 3))
    assert in_question(final(academy, 3) + HOUR) == []


def test_where_no_attendance_is_recorded_nobody_is_asked(academy):
    Attendance.objects.all().delete()
    assert in_question(final(academy, 4)) == []


def test_both_kinds_cost_two_queries_beside_the_meetings(academy, django_assert_num_queries):
    facts = read_open_cohorts(final(academy, 3))
    with django_assert_num_queries(3):
        list(find_people_at_risk(facts))
        list(find_meetings_in_question(facts))
