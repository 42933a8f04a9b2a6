"""Voice sessions become attendances: once, for members and guests, and never over a correction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, Membership, User
from cohorts.services.memberships import end_membership
from meetings.attendance.corrections import correct_presence
from meetings.attendance.detection import VoiceObservation, meetings_to_check, record_presence
from meetings.attendance.presence import Span
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def academy() -> Academy:
    academy = Academy(NOW)
    academy.add_member("Alice", "A")
    academy.add_member("Bob", "A")
    Membership.objects.update(joined_at=NOW)
    return academy


@pytest.fixture
def meeting(academy) -> Meeting:
    return academy.meeting("A", 1)


def stay(meeting: Meeting, since: int, until: int) -> Span:
    """In minutes from the meeting's start."""
    return Span(meeting.starts_at + since * MINUTE, meeting.starts_at + until * MINUTE)


def hear(meeting: Meeting, *, heard=(-60, 120), now: datetime | None = None, **stays) -> int:
    """What comes of a look after the meeting; `stays` by name, in minutes from its start."""
    people = {user.name: user.pk for user in User.objects.all()}
    evidence = VoiceObservation(
        observed=[stay(meeting, *heard)] if heard else [],
        sessions={
            people[name]: [stay(meeting, *each) for each in found] for name, found in stays.items()
        },
        identified=set(people.values()),
    )
    now = now or meeting.ends_at
    return record_presence(meetings_to_check(NOW, now), {meeting.group_id: evidence}, now=now)


def presence(meeting: Meeting) -> dict[str, str]:
    rows = Attendance.objects.filter(meeting=meeting).select_related("user").order_by("user__name")
    return {row.user.name: row.presence for row in rows}


def of(meeting: Meeting, name: str) -> Attendance:
    return Attendance.objects.get(meeting=meeting, user__name=name)


def test_who_was_there_and_who_was_not(meeting):
    hear(meeting, Alice=[(10, 20)])
    assert presence(meeting) == {"Alice": "present", "Bob": "absent"}
    assert of(meeting, "Alice").checked_in_at == meeting.starts_at + 10 * MINUTE


def test_a_second_look_writes_nothing(meeting, django_assert_num_queries):
    assert hear(meeting, Alice=[(10, 20)]) == 2
    meetings = meetings_to_check(NOW, meeting.ends_at)
    heard = VoiceObservation([stay(meeting, -60, 120)], {}, [])
    record_presence(meetings, {meeting.group_id: heard}, now=meeting.ends_at)
    with django_assert_num_queries(3):
        assert record_presence(meetings, {meeting.group_id: heard}, now=meeting.ends_at) == 0


def test_looking_costs_the_same_for_any_number_of_meetings(academy, django_assert_num_queries):
    for weeks in (1, 3):
        now = academy.meeting("C", weeks).ends_at
        with django_assert_num_queries(1):
            meetings = meetings_to_check(NOW, now)
        assert len(meetings) == 3 * weeks
        with django_assert_num_queries(3):
            record_presence(meetings, {}, now=now)


def test_without_coverage_nothing_is_known(meeting):
    assert hear(meeting, heard=None) == 0
    assert presence(meeting) == {}


def test_a_person_is_checked_in_while_the_meeting_runs_and_no_one_is_absent_yet(meeting):
    hear(meeting, now=meeting.starts_at + 6 * MINUTE, Alice=[(-3, 5)])
    assert presence(meeting) == {"Alice": "present"}


def test_the_answer_given_before_stays(meeting):
    bob = User.objects.get(name="Bob")
    Attendance.objects.create(meeting=meeting, user=bob, rsvp="tentative", rsvp_at=NOW)
    hear(meeting, Bob=[(0, 60)])
    assert (of(meeting, "Bob").rsvp, of(meeting, "Bob").rsvp_at) == ("tentative", NOW)
    assert of(meeting, "Alice").rsvp_at is None


def test_a_guest_is_checked_in_as_a_guest_and_another_visitor_is_not(academy, meeting):
    guest, stranger = academy.add_member("Guest", "B"), academy.add_member("Stranger", "B")
    Attendance.objects.create(meeting=meeting, user=guest, is_guest=True, created_at=NOW)
    hear(meeting, Guest=[(0, 60)], Stranger=[(0, 60)])
    assert presence(meeting) == {"Alice": "absent", "Bob": "absent", "Guest": "present"}
    assert of(meeting, "Guest").is_guest
    assert not Attendance.objects.filter(user=stranger).exists()


def test_one_who_cannot_be_recognised_stays_unknown(meeting):
    bob = User.objects.get(name="Bob").pk
    heard = VoiceObservation([stay(meeting, -60, 120)], {}, [bob])
    record_presence([meeting], {meeting.group_id: heard}, now=meeting.ends_at)
    assert presence(meeting) == {"Bob": "absent"}


def test_one_who_joined_the_group_later_did_not_miss_it(academy, meeting):
    late = academy.add_member("Late", "A")
    after = academy.add_member("Zoe", "A")
    late.memberships.update(joined_at=meeting.starts_at + 10 * MINUTE)
    after.memberships.update(joined_at=meeting.ends_at)
    hear(meeting)
    assert presence(meeting) == {"Alice": "absent", "Bob": "absent"}
    hear(meeting, Late=[(10, 60)], Zoe=[(0, 60)])
    assert presence(meeting) == {"Alice": "absent", "Bob": "absent", "Late": "present"}


def test_one_who_left_the_group_since_was_there(meeting):
    for name in ("Alice", "Bob"):
        row = Membership.objects.get(user__name=name)
        end_membership(row.pk, status="dropped", now=meeting.ends_at + 60 * MINUTE)
    hear(meeting, now=meeting.ends_at + 90 * MINUTE, Alice=[(0, 60)])
    assert presence(meeting) == {"Alice": "present", "Bob": "absent"}


def test_a_meeting_moved_at_the_last_moment_takes_the_check_in_back(meeting):
    early = meeting.starts_at - 8 * MINUTE
    hear(meeting, now=early, Alice=[(-15, -8)])
    assert presence(meeting) == {"Alice": "present"}
    move_meeting(meeting.pk, starts_at=meeting.starts_at + timedelta(hours=3), now=early)
    assert hear(meeting, now=early, Alice=[(-15, -8)]) == 1
    assert presence(meeting) == {"Alice": "unknown"}


def test_a_meeting_cancelled_at_the_last_moment_takes_the_check_in_back(meeting):
    early = meeting.starts_at - 8 * MINUTE
    hear(meeting, now=early, Alice=[(-15, -8)])
    cancel_meeting(meeting.pk, now=early)
    hear(meeting, Alice=[(-15, 60)])
    assert presence(meeting) == {"Alice": "unknown"}


def test_of_two_meetings_in_one_evening_each_has_its_own_people(meeting):
    second = Meeting.objects.create(
        group=meeting.group, number=9, starts_at=meeting.ends_at, duration_minutes=60
    )
    hear(meeting, now=second.ends_at, heard=(-60, 180), Alice=[(-5, 60)], Bob=[(58, 120)])
    assert presence(meeting) == {"Alice": "present", "Bob": "absent"}
    assert presence(second) == {"Alice": "absent", "Bob": "present"}


def test_what_was_found_stays_when_less_is_known_later(meeting):
    hear(meeting, Alice=[(10, 20)])
    hear(meeting, heard=None)
    assert presence(meeting)["Alice"] == "present"


# -- what people say -----------------------------------------------------------------------------


@pytest.fixture
def fay(academy) -> User:
    fay = academy.add_facilitator("Fay", "A")
    fay.memberships.update(joined_at=NOW)
    return fay


def say(meeting: Meeting, name: str, word: str, fay: User, now: datetime | None = None) -> None:
    user = User.objects.get(name=name)
    correct_presence(meeting.pk, user.pk, presence=word, by=fay.pk, now=now or meeting.ends_at)


def test_a_correction_is_written_down_with_who_and_when(meeting, fay):
    hear(meeting, Alice=[(10, 20)])
    say(meeting, "Alice", "absent", fay)
    row = of(meeting, "Alice")
    assert (row.presence, row.corrected_by, row.corrected_at) == ("absent", fay, meeting.ends_at)


def test_a_correction_is_never_overwritten_by_detection(meeting, fay):
    say(meeting, "Alice", "absent", fay)
    say(meeting, "Bob", "present", fay)
    hear(meeting, Alice=[(0, 60)])
    assert presence(meeting) == {"Alice": "absent", "Bob": "present", "Fay": "absent"}
    say(meeting, "Bob", "unknown", fay)
    hear(meeting)
    assert presence(meeting)["Bob"] == "unknown"


def test_a_correction_leaves_the_answer_alone(meeting, fay):
    bob = User.objects.get(name="Bob")
    Attendance.objects.create(meeting=meeting, user=bob, rsvp="not_attending", rsvp_at=NOW)
    say(meeting, "Bob", "present", fay)
    assert (of(meeting, "Bob").rsvp, of(meeting, "Bob").rsvp_at) == ("not_attending", NOW)


def refused(meeting: Meeting, name: str, word: str, fay: User, now: datetime | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        say(meeting, name, word, fay, now)
    return caught.value.code


def test_what_cannot_be_said_is_refused_by_name(academy, meeting, fay):
    academy.add_member("Stranger", "B")
    assert refused(meeting, "Alice", "late", fay) == "bad_presence"
    assert refused(meeting, "Stranger", "present", fay) == "no_person"
    before = meeting.starts_at - MINUTE
    assert refused(meeting, "Alice", "present", fay, now=before) == "meeting_ahead"
    cancel_meeting(meeting.pk, now=before)
    assert refused(meeting, "Alice", "present", fay) == "meeting_cancelled"
    Meeting.objects.filter(pk=meeting.pk).delete()
    assert refused(meeting, "Alice", "present", fay) == "no_meeting"
    assert presence(meeting) == {}


def test_what_is_found_out_later_changes_no_result_of_a_cohort_that_has_ended(academy, meeting):
    hear(meeting, heard=None)
    ended_at = meeting.ends_at + MINUTE
    Cohort.objects.update(status="completed", ended_at=ended_at)
    assert hear(meeting, Alice=[(10, 20)], now=ended_at + 61 * MINUTE) == 0
    assert presence(meeting) == {}
    hear(meeting, Alice=[(10, 20)], now=ended_at + 59 * MINUTE)  # a round that was late
    assert presence(meeting) == {"Alice": "present", "Bob": "absent"}
