"""Data for `/groups/<id>/` as members and current guests see it: when and where the group meets.

It contains nothing about other people: see guestvisits.pages.group_page for facilitators and staff.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Group, Membership
from guestvisits.models import GuestVisit
from guestvisits.windows import AccessWindow, window_of, with_dates
from meetings.models import Meeting
from meetings.registries import Venue, find_venues
from meetings.selectors import MAX_DURATION


@dataclass(frozen=True, slots=True)
class MemberPage:
    """A group's page.

    `meetings` are not over yet, earliest first: all of the group's for a member, the visited ones
    for a guest. `guest_until` is when a guest's access ends, None for a member.
    """

    group: Group
    meetings: tuple[Meeting, ...]
    venue: Venue | None
    guest_until: datetime | None


def read_member_page(user_id: int, group: Group, now: datetime) -> MemberPage | None:
    """Return the page of one group, its cohort loaded, or None for people without access to it.

    Four queries at most.
    """
    if _is_member(user_id, group):
        ahead = Meeting.objects.filter(group=group, starts_at__gt=now - MAX_DURATION)
        meetings: Iterable[Meeting] = ahead if group.is_set_up else ()
        return _page(group, meetings, None, now)
    visits = [(visit, window) for visit, window in _visits(user_id, group) if window.holds(now)]
    if group.has_ended or not visits:
        return None
    until = max(window.ends_at for _, window in visits)
    return _page(group, [visit.host_meeting for visit, _ in visits], until, now)


def awaits_access(user_id: int, group: Group, now: datetime) -> bool:
    """Return whether the person has booked a visit to this group and access has not begun."""
    windows = [window for _, window in _visits(user_id, group)]
    return any(window.is_open and now < window.begins_at for window in windows)


def _is_member(user_id: int, group: Group) -> bool:
    active = Membership.objects.filter(status=Membership.Status.ACTIVE)
    return active.filter(user=user_id, group=group).exists()


def _visits(user_id: int, group: Group) -> list[tuple[GuestVisit, AccessWindow]]:
    visits = with_dates(GuestVisit.objects.filter(user=user_id, host_meeting__group=group))
    return [(visit, window_of(visit)) for visit in visits]


def _page(
    group: Group, meetings: Iterable[Meeting], guest_until: datetime | None, now: datetime
) -> MemberPage:
    ahead = sorted(
        (meeting for meeting in meetings if meeting.ends_at > now),
        key=lambda meeting: meeting.starts_at,
    )
    venue = None if group.has_ended else find_venues([group.pk]).get(group.pk)
    return MemberPage(group, tuple(ahead), venue, guest_until)
