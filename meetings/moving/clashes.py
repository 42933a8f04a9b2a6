"""Overlaps between moved meetings and other meetings of the same people."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet

from cohorts.models import Membership, User, live_group
from cohorts.web.access import staff_may
from meetings.meeting_times import MeetingTime
from meetings.models import Attendance, Meeting
from meetings.moving.types import Change
from meetings.rhythm import name_meeting
from meetings.selectors import MAX_DURATION

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
    near = Meeting.objects.exclude(group=group_id).filter(
        live_group("group__"),
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=min(span.starts_at for _, span in moved) - MAX_DURATION,
        starts_at__lt=max(span.ends_at for _, span in moved),
    )
    expected = _Expected(people, near, [c.meeting_id for c, _ in moved if c.meeting_id])
    others = list(expected.choose_from(near).select_related("group").order_by("starts_at", "pk"))
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
    sees_all = staff_may(viewer, "meetings.view_meeting")
    led = set(
        viewer.memberships.filter(
            role=Membership.Role.FACILITATOR, status=Membership.Status.ACTIVE
        ).values_list("group", flat=True)
    )
    for clash in clashes:
        yield replace(clash, is_named=sees_all or clash.other.group_id in led)


class _Expected:
    """At which meetings these people are expected: their groups', and those that they visit."""

    def __init__(
        self, people: Collection[User], near: QuerySet[Meeting], moved_ids: Collection[int]
    ) -> None:
        self.people = people
        self.members = set(
            Membership.objects.filter(user__in=people, status=Membership.Status.ACTIVE).values_list(
                "group_id", "user_id"
            )
        )
        rows = Attendance.objects.filter(
            Q(meeting__in=near) | Q(meeting__in=moved_ids), user__in=people
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

    def choose_from(self, near: QuerySet[Meeting]) -> QuerySet[Meeting]:
        """Return those of the meetings at which any of the people is expected."""
        groups = {group for group, _ in self.members}
        return near.filter(Q(group__in=groups) | Q(pk__in={meeting for meeting, _ in self.guests}))
