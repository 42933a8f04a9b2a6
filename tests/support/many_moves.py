"""An academy with a long history of moved meetings, built in bulk: for what it costs to read."""

from __future__ import annotations

from datetime import datetime, timedelta

from cohorts.models import Cohort, Group, Installation, Membership
from cohorts.outbox.collecting import collect, store
from cohorts.outbox.models import Message
from meetings.messages.changes import pending_changes
from meetings.models import Meeting, MeetingChange, MeetingMove
from tests.lens.desk.test_costs import NOW, make_academy

DAY = timedelta(days=1)


def make_known_academy(groups: int) -> None:
    """Groups of eight people, known to Lens for long."""
    Installation.objects.ensure(NOW)
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


def collect_first(now: datetime) -> None:
    """Store the e-mails about all of these moves, which are then no news any more."""
    known = set(Message.objects.values_list("key", flat=True))
    pending = pending_changes(None, now - 14 * DAY, now)
    store((message for message in pending if message.key not in known), now=now)
    collect(None, now=now)
