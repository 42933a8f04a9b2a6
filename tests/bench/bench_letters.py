"""The CPU time of one collection of messages, beside the history of moved meetings."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from cohorts.models import Cohort, Group, Installation, Membership
from cohorts.outbox.collecting import collect, store_together
from cohorts.services.installation import ensure_installation
from meetings.messages.changes import pending_changes
from meetings.models import Meeting, MeetingChange, MeetingMove
from tests.bench.figures import RecordFigure
from tests.lens.desk.test_costs import NOW, make_academy

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.mark.parametrize("moves", [0, 2000])
def test_the_time_of_a_collection(record: RecordFigure, moves: int) -> None:
    make_known_academy(240)
    move_meetings(moves, NOW)
    store_together(pending_changes(None, NOW - 14 * DAY, NOW), NOW)
    collect(None, now=NOW)
    times = [measure_collection(NOW + minute * MINUTE) for minute in range(1, 4)]
    record(f"letters: CPU of a collection after {moves} moves in 14 days", min(times), "ms", 500)


def make_known_academy(groups: int) -> None:
    """Groups of eight people, known to Lens for long."""
    ensure_installation(NOW)
    Installation.objects.update(first_started_at=NOW - 90 * DAY, collected_at=NOW - 14 * DAY)
    make_academy(groups, 8)
    Cohort.objects.update(first_known_at=NOW - 90 * DAY)
    Membership.objects.update(joined_at=NOW - 20 * DAY)
    Group.objects.update(activated_at=NOW - 20 * DAY)


def move_meetings(count: int, now: datetime) -> None:
    """As many moves within 14 days, each of one meeting that has not begun yet."""
    meetings = list(Meeting.objects.filter(starts_at__gt=now).select_related("group"))
    moved = [meetings[n % len(meetings)] for n in range(count)]
    moves = MeetingMove.objects.bulk_create(
        MeetingMove(group=each.group, kind="reschedule", at=now - n * 14 * DAY / count)
        for n, each in enumerate(moved)
    )
    MeetingChange.objects.bulk_create(
        MeetingChange(
            move=move,
            meeting=meeting,
            start_before=meeting.starts_at - DAY,
            minutes_before=60,
            start_after=meeting.starts_at,
            minutes_after=60,
        )
        for move, meeting in zip(moves, moved, strict=True)
    )


def measure_collection(now: datetime) -> float:
    """Return the CPU time in milliseconds of a collection that finds nothing new."""
    began = time.process_time()
    assert collect(None, now=now) == 0
    return (time.process_time() - began) * 1000
