"""How many members come to a meeting, and how many were there.  Guests are no members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from cohorts.models import Membership
from meetings.models import PRESENCE, Attendance, Meeting

Rsvp = Attendance.Rsvp
Presence = Attendance.Presence


@dataclass(frozen=True, slots=True)
class Turnout:
    """One meeting in figures, guests left out.

    `members` are the group's members today and the answers are theirs; who has not answered is
    pending.  `present` and `absent` also count people who have left the group since; of whom is
    neither, nobody knows whether they were there.
    """

    members: int
    attending: int
    not_attending: int
    tentative: int
    present: int
    absent: int

    @property
    def pending(self) -> int:
        """Members who have not answered."""
        return self.members - self.attending - self.not_attending - self.tentative


def turnout_of(meeting_ids: Collection[int]) -> dict[int, Turnout]:
    """The figures of each of these meetings, in four queries for any number of them."""
    groups = dict(Meeting.objects.filter(pk__in=meeting_ids).values_list("pk", "group"))
    members = _count_members(set(groups.values()))
    answers = _count_answers(meeting_ids)
    found = _count_presence(meeting_ids)
    return {
        meeting_id: Turnout(
            members=members[group_id],
            attending=answers[meeting_id, Rsvp.ATTENDING],
            not_attending=answers[meeting_id, Rsvp.NOT_ATTENDING],
            tentative=answers[meeting_id, Rsvp.TENTATIVE],
            present=found[meeting_id, Presence.PRESENT],
            absent=found[meeting_id, Presence.ABSENT],
        )
        for meeting_id, group_id in groups.items()
    }


def count_guests(meeting_ids: Collection[int]) -> Counter[int]:
    """By meeting the guests who have not declined: they come besides the members.  One query."""
    guests = Attendance.objects.filter(meeting__in=meeting_ids, is_guest=True)
    coming = guests.exclude(rsvp=Rsvp.NOT_ATTENDING)
    return Counter(coming.values_list("meeting", flat=True))


def describe(turnout: Turnout, guests: int) -> str:
    """In words: "3 attending, 1 tentative, 2 not attending, 1 without an answer; 1 guest"."""
    words = (
        f"{turnout.attending} attending, {turnout.tentative} tentative, "
        f"{turnout.not_attending} not attending, {turnout.pending} without an answer"
    )
    return f"{words}; {guests} guest{'' if guests == 1 else 's'}" if guests else words


def _count_members(group_ids: Collection[int]) -> Counter[int]:
    active = Membership.objects.filter(group__in=group_ids, status=Membership.Status.ACTIVE)
    return Counter(dict(active.order_by("group").values_list("group").annotate(Count("pk"))))


def _count_answers(meeting_ids: Collection[int]) -> Counter[tuple[int, str]]:
    is_member = Membership.objects.filter(
        user=OuterRef("user"), group=OuterRef("meeting__group"), status=Membership.Status.ACTIVE
    )
    rows = Attendance.objects.filter(Exists(is_member), meeting__in=meeting_ids, is_guest=False)
    counted = rows.order_by("meeting").values_list("meeting", "rsvp").annotate(Count("pk"))
    return Counter({(meeting_id, rsvp): number for meeting_id, rsvp, number in counted})


def _count_presence(meeting_ids: Collection[int]) -> Counter[tuple[int, str]]:
    rows = Attendance.objects.filter(meeting__in=meeting_ids, is_guest=False)
    return Counter(rows.values_list("meeting", PRESENCE))
