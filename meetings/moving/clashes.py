"""Overlaps between moved meetings and other meetings of the same people."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Q

from cohorts.models import Membership, User, live_group
from meetings.meeting_times import MeetingTime
from meetings.models import Attendance, Meeting
from meetings.moving.types import Change
from meetings.rhythm import name_meeting

MAX_DURATION = timedelta(days=1)  # a database constraint allows no longer meetings
Rsvp = Attendance.Rsvp


@dataclass(frozen=True, slots=True)
class Clash:
    """Two meetings of one person that would overlap.

    One is the moved meeting, which has `number`. The other is `other` (its group loaded), which the
    person attends as a member or, if `is_guest`, as a guest. `is_named`: the viewer may see its
    name.
    """

    user_id: int
    name: str
    number: int | None
    other: Meeting
    is_guest: bool
    is_named: bool = False

    @property
    def label(self) -> str:
        return name_meeting(self.number)


def find_clashes(group_id: int, people: Collection[User], changes: Iterable[Change]) -> list[Clash]:
    """Return the clashes that these changes would cause. Declined meetings do not count.

    Three queries for any number of people and groups; only meetings of these people are read.
    """
    moved = [(change, change.after) for change in changes if change.after]
    if not moved or not people:
        return []
    near = _Near([span for _, span in moved])
    expected = _Expected(people, near, [c.meeting_id for c, _ in moved if c.meeting_id])
    others = _read_others(group_id, near, expected)
    return [
        Clash(person.pk, person.display_name, change.number, other, is_guest)
        for change, span in moved
        for other in others
        if span.overlaps(MeetingTime(other.starts_at, other.duration_minutes))
        for person, is_guest in expected.at_both(change, other)
    ]


def name_for(viewer: User, clashes: Iterable[Clash]) -> Iterator[Clash]:
    """Yield the clashes as the viewer may see them. At most three queries.

    The other meeting is named only to staff who may see meetings, and to its group's facilitators.
    """
    sees_all = viewer.is_staff and (
        viewer.has_perm("meetings.view_meeting") or viewer.has_perm("meetings.change_meeting")
    )
    led = set(
        viewer.memberships.filter(
            role=Membership.Role.FACILITATOR, status=Membership.Status.ACTIVE
        ).values_list("group", flat=True)
    )
    for clash in clashes:
        yield replace(clash, is_named=sees_all or clash.other.group_id in led)


class _Near:
    """The time in which meetings that overlap any of these spans begin."""

    def __init__(self, spans: Collection[MeetingTime]) -> None:
        self.first = min(span.starts_at for span in spans) - MAX_DURATION
        self.last = max(span.ends_at for span in spans)

    def begins(self, path: str = "") -> Q:
        return Q(
            **{f"{path}starts_at__gt": self.first, f"{path}starts_at__lt": self.last},
        )


class _Expected:
    """At which meetings these people are expected: their groups', and those that they visit."""

    def __init__(self, people: Collection[User], near: _Near, moved_ids: Collection[int]) -> None:
        self.people = people
        self.members = set(
            Membership.objects.filter(user__in=people, status=Membership.Status.ACTIVE).values_list(
                "group_id", "user_id"
            )
        )
        rows = Attendance.objects.filter(
            near.begins("meeting__") | Q(meeting__in=moved_ids), user__in=people
        )
        self.declined: set[tuple[int, int]] = set()
        self.guests: set[tuple[int, int]] = set()
        for row in rows:
            if row.rsvp == Rsvp.NOT_ATTENDING:
                self.declined.add((row.meeting_id, row.user_id))
            elif row.is_guest:
                self.guests.add((row.meeting_id, row.user_id))

    def at_both(self, change: Change, other: Meeting) -> Iterator[tuple[User, bool]]:
        """Yield the people expected at both, with whether they are guests at the other meeting."""
        for person in self.people:
            here, there = (change.meeting_id or 0, person.pk), (other.pk, person.pk)
            is_guest = there in self.guests
            is_member = (other.group_id, person.pk) in self.members and there not in self.declined
            if (is_guest or is_member) and here not in self.declined:
                yield person, is_guest


def _read_others(group_id: int, near: _Near, expected: _Expected) -> list[Meeting]:
    """Return the meetings of other groups at which any of the people is expected."""
    groups = {group for group, _ in expected.members} - {group_id}
    visited = {meeting for meeting, _ in expected.guests}
    theirs = Q(group__in=groups) | Q(pk__in=visited)
    rows = Meeting.objects.filter(
        theirs, near.begins(), live_group("group__"), status=Meeting.Status.SCHEDULED
    )
    rows = rows.exclude(group=group_id)
    return list(rows.select_related("group").order_by("starts_at", "pk"))
