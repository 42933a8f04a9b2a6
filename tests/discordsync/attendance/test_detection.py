"""From what the bot saw to attendances, through the database and without a bot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import User
from discordsync import tasks
from discordsync.attendance.detection import detect_presence
from discordsync.models import VoiceCoverage, VoiceSession
from lens.housekeeping import prune
from meetings.models import Attendance
from tests.discordsync.attendance.conftest import NOW
from tests.support.moves import move_meeting


def test_an_evening_with_all_sorts_of_people(evening):
    evening.add("Punctual", "Late", "Returns", "Short", "Wrong", "Missing")
    evening.add("Unknown", account=False)
    evening.add("Guest", "Stranger", group="B")
    Attendance.objects.create(
        meeting=evening.meeting, user=User.objects.get(name="Guest"), is_guest=True
    )
    Attendance.objects.update(created_at=evening.at(-60))
    evening.look(-20)
    evening.go("Punctual", "A", -2)
    evening.go("Wrong", "B", 0)
    evening.go("Guest", "A", 1)
    evening.go("Stranger", "A", 1)
    evening.go("Returns", "A", 2)
    evening.go("Returns", None, 5)
    evening.go("Short", "A", 10)
    evening.go("Short", None, 14)
    evening.go("Returns", "A", 40)
    evening.go("Late", "A", 45)
    evening.look(61)
    evening.note(61)
    assert evening.presence() == {
        "Guest": "present",
        "Late": "present",
        "Missing": "absent",
        "Punctual": "present",
        "Returns": "present",
        "Short": "absent",
        "Wrong": "absent",
    }
    assert Attendance.objects.get(user__name="Returns").checked_in_at == evening.at(2)


def test_noting_twice_writes_nothing_the_second_time(evening):
    evening.add("Alice", "Bob")
    evening.look(-20)
    evening.go("Alice", "A", 0)
    evening.look(61)
    assert evening.note(61) == 2
    assert evening.note(62) == 0


def test_one_is_checked_in_during_the_meeting_as_soon_as_the_bot_knows(evening):
    evening.add("Alice")
    evening.look(-20)
    evening.go("Alice", "A", 0)
    assert evening.note(6) == 0  # coverage until 0 only
    evening.look(6)
    assert evening.note(6) == 1
    assert evening.presence() == {"Alice": "present"}


@pytest.mark.parametrize(
    ("gap", "presence"),
    [
        ((20, 24), {"Alice": "present", "Bob": "absent"}),
        ((20, 26), {"Alice": "present"}),
        ((-30, 30), {"Alice": "present"}),
    ],
)
def test_a_bot_that_was_off_for_a_while(evening, gap, presence):
    evening.add("Alice", "Bob")
    evening.look(-31)
    evening.go("Alice", "A", -30)
    evening.look(gap[0])
    evening.ear = "after the restart"
    evening.look(gap[1])
    evening.look(61)
    evening.note(61)
    assert evening.presence() == presence


@pytest.mark.matrix
def test_a_bot_that_was_off_throughout_leaves_everyone_unknown(evening):
    evening.add("Alice", "Bob")
    evening.look(-60)
    evening.note(61)
    assert evening.presence() == {}


def test_a_channel_that_was_missing_leaves_its_group_unknown(evening):
    evening.add("Alice")
    evening.look(-20, channels="B")
    evening.look(61, channels="B")
    evening.note(61)
    assert evening.presence() == {}


@pytest.mark.matrix
def test_a_worker_that_was_down_notes_it_days_later(evening, set_clock):
    evening.add("Alice", "Bob")
    evening.look(-20)
    evening.go("Alice", "A", 0)
    evening.go("Alice", None, 50)
    evening.look(61)
    set_clock(evening.at(0) + timedelta(days=9))
    tasks.note_recent_presence()
    assert evening.presence() == {}
    tasks.note_kept_presence()
    assert evening.presence() == {"Alice": "present", "Bob": "absent"}


@pytest.mark.matrix
def test_recorded_attendance_outlives_the_voice_sessions(evening, set_clock):
    evening.add("Alice", "Bob")
    evening.look(-20)
    evening.go("Alice", "A", 0)
    evening.go("Alice", None, 50)
    evening.look(61)
    evening.note(61)
    for days in (11, 13, 15):
        set_clock(evening.at(0) + timedelta(days=days))
        tasks.note_kept_presence()
        prune()
    assert not VoiceSession.objects.exists()
    assert not VoiceCoverage.objects.exists()
    assert evening.presence() == {"Alice": "present", "Bob": "absent"}


def test_a_meeting_that_was_moved_is_judged_by_its_new_time(evening):
    evening.add("Alice", "Bob")
    evening.look(-20)
    evening.go("Alice", "A", -15)
    evening.go("Alice", None, -8)
    evening.note(-7)
    assert evening.presence() == {"Alice": "present"}
    start = evening.at(0)
    move_meeting(evening.meeting.pk, starts_at=evening.at(120), now=evening.at(-5))
    evening.note(-4)
    assert evening.presence() == {"Alice": "unknown"}
    evening.go("Bob", "A", 5)  # from now on minutes count from the new start
    evening.look(61)
    evening.note(61)
    assert evening.meeting.starts_at - start == timedelta(hours=2)
    assert evening.presence() == {"Alice": "absent", "Bob": "present"}


@pytest.mark.matrix
def test_another_account_later_takes_no_check_in_away(evening):
    evening.add("Alice")
    evening.look(-20)
    evening.go("Alice", "A", 0)
    evening.look(61)
    evening.note(61)
    User.objects.filter(name="Alice").update(discord_id=299999999999999999)
    evening.note(62)
    assert evening.presence() == {"Alice": "present"}


@pytest.mark.matrix
def test_an_account_tied_later_brings_its_voice_sessions_along(evening):
    evening.add("Alice")
    account = evening.account("Alice")
    evening.look(-20)
    evening.go("Alice", "A", 0)
    evening.look(61)
    User.objects.filter(name="Alice").update(discord_id=None)
    evening.note(61)
    assert evening.presence() == {}
    User.objects.filter(name="Alice").update(discord_id=account)
    evening.note(62)
    assert evening.presence() == {"Alice": "present"}


def test_noting_costs_the_same_for_few_people_and_for_many(evening, django_assert_num_queries):
    for number in (1, 30):
        names = [f"Member {number} {n}" for n in range(number)]
        evening.add(*names)
        evening.ear = str(number)
        evening.look(-20)
        for name in names:
            evening.places[name] = evening.channel("A")
        evening.look(0)
        evening.look(61)
        evening.note(61)
        now = evening.at(61)
        with django_assert_num_queries(7):
            assert detect_presence(NOW, now) == 0
