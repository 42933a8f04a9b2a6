"""Detect attendance from voice sessions in the groups' channels (rules: `presence`).

Higher layers observe the channels and pass in what they observed, by group. Processing the same
observations twice writes nothing the second time, and corrections by people are kept.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cohorts.models import Membership
from cohorts.selectors import group_by
from cohorts.services.locks import lock_groups
from meetings.attendance.presence import (
    NOTHING,
    OPENS_BEFORE,
    PresenceFinding,
    Span,
    find_presence,
    keep_check_in,
    open_window,
)
from meetings.models import Attendance, Meeting, write_attendances
from meetings.selectors import MAX_DURATION

COMPLETED_WITHIN = timedelta(hours=1)  # after a cohort's end; a missed round is repeated each hour


@dataclass(frozen=True, slots=True)
class VoiceObservation:
    """What was observed in the voice channel of one group.

    `observed` is when the channel was being observed, `sessions` each person's voice sessions, and
    `identified` the ids of the people who would have been identified if they had joined.
    """

    observed: Sequence[Span] = ()
    sessions: Mapping[int, Sequence[Span]] = field(default_factory=dict)
    identified: Collection[int] = frozenset()

    def find(
        self, user_id: int, window: Span, *, is_expected: bool, now: datetime
    ) -> PresenceFinding:
        return find_presence(
            self.sessions.get(user_id, ()),
            self.observed,
            window,
            is_expected=is_expected and user_id in self.identified,
            now=now,
        )


def meetings_to_check(since: datetime, now: datetime) -> list[Meeting]:
    """Return the meetings whose attendance may change. One query.

    These are meetings that were not over at `since` and whose window has opened by `now`, and
    meetings that were moved to the future after a check-in. When a cohort has ended, its attendance
    is final, except that a late round still completes the last meetings.
    """
    checked_in = Attendance.objects.filter(meeting=OuterRef("pk"), checked_in_at__isnull=False)
    begun = Q(starts_at__gt=since - MAX_DURATION, starts_at__lte=now + OPENS_BEFORE)
    is_final = Q(group__cohort__ended_at__lte=now - COMPLETED_WITHIN)
    found = Meeting.objects.filter(begun | Q(Exists(checked_in), starts_at__gt=now))
    found = found.exclude(is_final)
    return [meeting for meeting in found if meeting.ends_at > since]


def record_presence(
    meetings: Collection[Meeting], observed: Mapping[int, VoiceObservation], *, now: datetime
) -> int:
    """Write the findings about everyone at these meetings. Return how many rows changed.

    `observed` is by group id; for a missing group nothing was observed. If nothing changes, it
    takes three queries and no lock.
    """
    if not meetings:
        return 0
    differing = {change.meeting_id for change in _compare(meetings, observed, now)}
    if not differing:
        return 0
    with transaction.atomic():
        # Compare again under the lock: a meeting may have been moved, a visit booked or ended.
        lock_groups({meeting.group_id for meeting in meetings if meeting.pk in differing})
        changes = _compare(Meeting.objects.filter(pk__in=differing), observed, now)
        write_attendances(changes, ["checked_in_at", "not_seen"])
    return len(changes)


# -- comparing -----------------------------------------------------------------------------------


def _compare(
    meetings: Iterable[Meeting], observed: Mapping[int, VoiceObservation], now: datetime
) -> list[Attendance]:
    """Return attendances with the findings that differ from what is stored."""
    meetings = list(meetings)
    windows, rows, members = _windows(meetings), _rows(meetings), _members(meetings)
    changes = []
    for meeting in meetings:
        window, known = windows[meeting.pk], rows[meeting.pk]
        expected = _expect(meeting, window, members[meeting.group_id], known.values())
        for user_id in sorted(expected):
            row, after = known.get(user_id), NOTHING
            before = PresenceFinding(row.checked_in_at, row.not_seen) if row else NOTHING
            if not meeting.is_cancelled:
                of_group = observed.get(meeting.group_id, VoiceObservation())
                found = of_group.find(user_id, window, is_expected=expected[user_id], now=now)
                after = keep_check_in(before, found, window)
            if after != before:
                changes.append(
                    Attendance(
                        meeting=meeting,
                        user_id=user_id,
                        checked_in_at=after.checked_in_at,
                        not_seen=after.not_seen,
                        created_at=now,
                    )
                )
    return changes


def _expect(
    meeting: Meeting, window: Span, members: Iterable[Membership], rows: Iterable[Attendance]
) -> dict[int, bool]:
    """Return everyone a finding may be about, and whether they were expected from the start.

    These are the members at the time and guests, and people who have a finding already, which may
    have to be withdrawn.
    """
    people = {row.user_id: False for row in rows if row.checked_in_at or row.not_seen}
    people |= {row.user_id: row.created_at <= meeting.starts_at for row in rows if row.is_guest}
    for member in members:
        left_at = min(filter(None, [member.left_at, member.cohort.ended_at]), default=window.until)
        if member.joined_at < window.until and left_at > window.since:
            stayed = member.joined_at <= meeting.starts_at and left_at >= window.until
            people[member.user_id] = people.get(member.user_id, False) or stayed
    return people


def _windows(meetings: Collection[Meeting]) -> dict[int, Span]:
    """Return the time in which presence at each meeting counts.

    This depends on the group's other meetings of those days, which are read too.
    """
    days = [meeting.starts_at for meeting in meetings]
    around = Meeting.objects.filter(
        group__in={meeting.group_id for meeting in meetings},
        status=Meeting.Status.SCHEDULED,
        starts_at__range=(min(days) - MAX_DURATION - OPENS_BEFORE, max(days)),
    )
    held: dict[int, dict[int, Span]] = defaultdict(dict)
    for meeting in around:
        held[meeting.group_id][meeting.pk] = Span(meeting.starts_at, meeting.ends_at)
    return {
        meeting.pk: open_window(
            Span(meeting.starts_at, meeting.ends_at),
            [span for pk, span in held[meeting.group_id].items() if pk != meeting.pk],
        )
        for meeting in meetings
    }


def _rows(meetings: Collection[Meeting]) -> dict[int, dict[int, Attendance]]:
    found: dict[int, dict[int, Attendance]] = defaultdict(dict)
    for row in Attendance.objects.filter(meeting__in=meetings):
        found[row.meeting_id][row.user_id] = row
    return found


def _members(meetings: Collection[Meeting]) -> dict[int, list[Membership]]:
    groups = {meeting.group_id for meeting in meetings}
    members = Membership.objects.filter(group__in=groups).select_related("cohort")
    return group_by(members, lambda member: member.group_id)
