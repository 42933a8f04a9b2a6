"""Overlaps between moved meetings and other meetings of the same people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

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

    Three queries for any number of people.
    """
    moved = [(change, change.after) for change in changes if change.after]
    if not moved or not people:
        return []
    others = _others_near(group_id, [span for _, span in moved])
    expected = _Expected(people, others, [c.meeting_id for c, _ in moved if c.meeting_id])
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


def _others_near(group_id: int, spans: Collection[MeetingTime]) -> list[Meeting]:
    first = min(span.starts_at for span in spans) - MAX_DURATION
    last = max(span.ends_at for span in spans)
    rows = Meeting.objects.filter(
        live_group("group__"),
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=first,
        starts_at__lt=last,
    )
    rows = rows.exclude(group=group_id)
    return list(rows.select_related("group").order_by("starts_at", "pk"))


class _Expected:
    """Which of these people are expected at which meetings."""

    def __init__(
        self, people: Collection[User], others: Collection[Meeting], moved_ids: Collection[int]
    ) -> None:
        self.people = people
        self.members = set(
            Membership.objects.filter(
                user__in=people,
                group__in={other.group_id for other in others},
                status=Membership.Status.ACTIVE,
            ).values_list("group_id", "user_id")
        )
        rows = Attendance.objects.filter(
            user__in=people, meeting__in=[*moved_ids, *(other.pk for other in others)]
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
