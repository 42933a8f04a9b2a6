"""Who and what a merge concerns. Reads only."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cohorts.errors import Refusal
from cohorts.models import CohortStep, Group, Membership, User
from cohorts.selectors import members_of
from guestvisits.models import GuestVisit
from meetings.meeting_times import span_of
from meetings.models import Meeting
from meetings.moving.clashes import Clash, find_clashes
from meetings.moving.types import Change
from meetings.selectors import meetings_ahead

Role = Membership.Role


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """What staff chose. `raise_size`: allow more participants than the group's size."""

    source_id: int
    target_id: int
    raise_size: bool = False
    facilitators_come: bool = False
    guests_come: bool = False


@dataclass(frozen=True, slots=True)
class MovedVisit:
    """An open visit to the group that ends, and the meeting that it is to from now on."""

    visit: GuestVisit
    to: Meeting


@dataclass(frozen=True, slots=True)
class MergePlan:
    """`movers` become members of the target; `leavers` do not, or are members already."""

    source: Group
    target: Group
    movers: tuple[Membership, ...]
    leavers: tuple[Membership, ...]
    visits: tuple[MovedVisit, ...]
    ended_visits: tuple[GuestVisit, ...]
    own_visits: tuple[GuestVisit, ...]  # of the movers, to the target: they end
    leaders: tuple[User, ...]  # who will lead the target
    next_meeting: Meeting | None
    new_size: int | None  # of the target; None: unchanged
    reads_until: datetime | None  # when the source's archive ends; None without one
    clashes: tuple[Clash, ...] = ()  # one for each person and other group
    overfull: tuple[tuple[Meeting, int], ...] = ()  # with more guests than seats: how many

    def facts(self) -> tuple[Any, ...]:
        """Return what was decided."""
        ahead = self.next_meeting
        return (
            sorted((one.pk, one.role) for one in self.movers),
            sorted(one.pk for one in self.leavers),
            [(one.visit.pk, one.to.pk, one.to.starts_at) for one in self.visits],
            [one.pk for one in (*self.ended_visits, *self.own_visits)],
            sorted(one.pk for one in self.leaders),
            ahead and (ahead.pk, ahead.starts_at),
            self.new_size,
            self.source.cohort.archive_days,
            self.target.is_set_up,
            sorted((one.user_id, one.other.group_id) for one in self.clashes),
            [(meeting.pk, guests) for meeting, guests in self.overfull],
        )


def read_merge(step: CohortStep, now: datetime) -> MergePlan:
    """Return what a step of kind “merge” would change.

    Raises Refusal: no_group, same_group, other_cohort, group_ended, group_full.
    """
    options = MergeOptions(**step.params)
    groups = Group.objects.select_related("cohort").in_bulk([options.source_id, options.target_id])
    source, target = groups.get(options.source_id), groups.get(options.target_id)
    if source is None or target is None:
        raise Refusal("no_group", "This group no longer exists.")
    _check(source, target, step.cohort_id)
    mine, theirs = list(members_of([source.pk])), list(members_of([target.pk]))
    there = {member.user_id for member in theirs}
    movers = tuple(one for one in mine if _comes(one, there, options))
    ahead = list(meetings_ahead([target.pk], now).select_related("group"))
    coming = there | {one.user_id for one in movers}
    visits, ended = _sort_visits(source, ahead, coming, now, guests_come=options.guests_come)
    return MergePlan(
        source=source,
        target=target,
        movers=movers,
        leavers=tuple(one for one in mine if one not in movers),
        visits=visits,
        ended_visits=ended,
        own_visits=tuple(_find_own_visits(target, movers, now)),
        leaders=tuple(
            one.user
            for one in (*theirs, *movers)
            if one.role == Role.FACILITATOR and one.user.is_active
        ),
        next_meeting=ahead[0] if ahead else None,
        new_size=_find_size(target, theirs, movers, raise_size=options.raise_size),
        reads_until=step.archive_ends_at(now),
        clashes=_find_clashes(movers, source, target, ahead),
        overfull=_find_overfull([one.to for one in visits], coming, target.cohort.guest_seats),
    )


def _check(source: Group, target: Group, cohort_id: int) -> None:
    if source.pk == target.pk:
        raise Refusal("same_group", "Choose two different groups.")
    if {source.cohort_id, target.cohort_id} != {cohort_id}:
        raise Refusal("other_cohort", f"{source} and {target} do not both belong to this cohort.")
    for group in (source, target):
        if group.has_ended:
            raise Refusal("group_ended", f"{group} has ended.")


def _comes(member: Membership, there: Collection[int], options: MergeOptions) -> bool:
    is_wanted = member.role == Role.PARTICIPANT or options.facilitators_come
    return is_wanted and member.user_id not in there


def _sort_visits(
    source: Group,
    ahead: Collection[Meeting],
    members: Collection[int],
    now: datetime,
    *,
    guests_come: bool,
) -> tuple[tuple[MovedVisit, ...], tuple[GuestVisit, ...]]:
    """Return the visits to the source that move along, and those that end."""
    by_number = {meeting.number: meeting for meeting in ahead if meeting.number}
    visits = GuestVisit.objects.filter(
        ended_at__isnull=True, host_meeting__group=source, host_meeting__starts_at__gt=now
    ).select_related("user", "host_meeting__group", "home_meeting")
    moved, ended = [], []
    for visit in visits.order_by("pk"):
        to = by_number.get(visit.host_meeting.number or 0) if guests_come else None
        # Someone who has just left the target cannot visit the meeting that they miss.
        if to is None or visit.user_id in members or visit.home_meeting_id == to.pk:
            ended.append(visit)
        else:
            moved.append(MovedVisit(visit, to))
    return tuple(moved), tuple(ended)


def _find_own_visits(
    target: Group, movers: Collection[Membership], now: datetime
) -> Iterable[GuestVisit]:
    visits = GuestVisit.objects.filter(
        ended_at__isnull=True,
        user__in=[one.user_id for one in movers],
        host_meeting__group=target,
        host_meeting__starts_at__gt=now,
    )
    return visits.select_related("user", "host_meeting__group").order_by("pk")


def _find_size(
    target: Group,
    theirs: Collection[Membership],
    movers: Collection[Membership],
    *,
    raise_size: bool,
) -> int | None:
    """Return the size that the target needs, if it must be raised. Raises Refusal("group_full")."""
    count = sum(one.role == Role.PARTICIPANT for one in (*theirs, *movers))
    if target.size is None or count <= target.size:
        return None
    if raise_size:
        return count
    raise Refusal(
        "group_full",
        f"{target} would have {count} participants, and its size is {target.size}. Tick “Raise the "
        "size” to allow this.",
    )


def _find_clashes(
    movers: Collection[Membership], source: Group, target: Group, ahead: Iterable[Meeting]
) -> tuple[Clash, ...]:
    """Return the overlaps of the target's meetings with other meetings of the people who move."""
    changes = [Change(one.pk, one.number, None, span_of(one)) for one in ahead]
    clashes = find_clashes(target.pk, [one.user for one in movers], changes)
    others = {
        (one.user_id, one.other.group_id): one for one in clashes if one.other.group_id != source.pk
    }
    return tuple(others.values())


def _find_overfull(
    to: Iterable[Meeting], members: Collection[int], seats: int | None
) -> tuple[tuple[Meeting, int], ...]:
    """Return to which meetings more guests would come than have seats, and how many."""
    guests = Counter(to)
    if seats is None or not guests:
        return ()
    there = GuestVisit.objects.filter(ended_at__isnull=True, host_meeting__in=guests)
    kept = there.exclude(user__in=members).select_related("host_meeting")
    guests.update(visit.host_meeting for visit in kept)
    return tuple((meeting, count) for meeting, count in guests.items() if count > seats)
