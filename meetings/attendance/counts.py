"""How many of their meetings each participant attended, and where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from django.db.models import Q

from cohorts.models import Membership
from cohorts.selectors import last_members_of
from meetings.attendance.weeks import ELSEWHERE, list_presences
from meetings.models import PRESENCE, Attendance, Meeting
from meetings.selectors import before_the_end, find_made_up

Presence = Attendance.Presence
Role = Membership.Role
Status = Membership.Status


@dataclass(frozen=True, slots=True)
class AttendanceCount:
    """A member's attendance, in numbers of meetings that were expected of them.

    Of the meetings `held`, the member attended some, made up for some with another group
    (`elsewhere`), and missed some. For the rest it is unknown.
    """

    held: int
    attended: int
    elsewhere: int = 0
    missed: int = 0

    @property
    def unknown(self) -> int:
        return self.held - self.attended - self.elsewhere - self.missed


def count_attendance(
    group_ids: Iterable[int], now: datetime
) -> dict[tuple[int, int], AttendanceCount]:
    """Count attendance by (group id, user id), for every participant.

    Five queries for any number of groups, six if people came from other groups. For an ended
    group, those who were participants until its end are counted. A meeting counts once it has
    begun, unless it was cancelled. Guests are not counted.
    """
    ids = set(group_ids)
    of_group = _meetings_held(Q(group__in=ids), now)
    people = list(last_members_of(ids).filter(role=Role.PARTICIPANT))
    earlier = _find_earlier(people)
    left = {one.group_id for rows in earlier.values() for one in rows}
    of_earlier = _meetings_held(Q(group__in=left), now)
    meetings = [one for found in (of_group, of_earlier) for rows in found.values() for one in rows]
    rows = Attendance.objects.filter(meeting__in=meetings, is_guest=False)
    found = {(pk, user): was for pk, user, was in rows.values_list("meeting", "user", PRESENCE)}
    made_up = find_made_up(meetings)

    def presence_at(user_id: int, meeting: Meeting) -> str:
        was = found.get((meeting.pk, user_id), Presence.UNKNOWN)
        return ELSEWHERE if was != Presence.PRESENT and (meeting.pk, user_id) in made_up else was

    return {
        (one.group_id, one.user_id): _count(
            one,
            of_group[one.group_id],
            earlier[one.user_id, one.cohort_id],
            of_earlier,
            partial(presence_at, one.user_id),
        )
        for one in people
    }


def _meetings_held(which: Q, now: datetime) -> dict[int, list[Meeting]]:
    """Return the meetings that have begun, by group."""
    found: dict[int, list[Meeting]] = defaultdict(list)
    begun = Meeting.objects.filter(which, before_the_end(), status=Meeting.Status.SCHEDULED)
    for meeting in begun.filter(starts_at__lte=now):
        found[meeting.group_id].append(meeting)
    return found


def _find_earlier(people: Collection[Membership]) -> dict[tuple[int, int], list[Membership]]:
    """Return the memberships from which these people came to their groups, by person and cohort."""
    moved = Membership.objects.filter(
        user__in={one.user_id for one in people},
        cohort__in={one.cohort_id for one in people},
        role=Role.PARTICIPANT,
        status=Status.MOVED,
    )
    found: dict[tuple[int, int], list[Membership]] = defaultdict(list)
    for one in moved:
        found[one.user_id, one.cohort_id].append(one)
    return found


def _count(
    member: Membership,
    meetings: Collection[Meeting],
    earlier: Collection[Membership],
    of_earlier: Mapping[int, Collection[Meeting]],
    presence_at: Callable[[Meeting], str],
) -> AttendanceCount:
    mine = [one for one in earlier if one.left_at and one.left_at <= member.joined_at]
    then = [
        meeting
        for one in mine
        for meeting in of_earlier.get(one.group_id, ())
        if one.joined_at <= meeting.starts_at and one.left_at and meeting.starts_at < one.left_at
    ]
    since = member.joined_at if mine else datetime.min.replace(tzinfo=UTC)
    presence = Counter(list_presences(meetings, then, since, presence_at))
    return AttendanceCount(
        held=presence.total(),
        attended=presence[Presence.PRESENT],
        elsewhere=presence[ELSEWHERE],
        missed=presence[Presence.ABSENT],
    )
