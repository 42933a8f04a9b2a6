"""The facts of all open cohorts that the kinds of item share.  Three queries, and one per read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.db.models import Exists, OuterRef, Q

from cohorts.models import AccessState, Cohort, CohortStep, Group, Membership, live_group

T = TypeVar("T")
ENDED_SHOWN = 10  # cohorts
NEVER = datetime.min.replace(tzinfo=UTC)  # it is not known when it ended
NAME = ("user__nickname", "user__name", "user__email")  # for `display_name`


class DeskMember(NamedTuple):
    """An active membership in a live group of an open cohort, of a person whose account is open."""

    id: int
    user_id: int
    group_id: int
    cohort_id: int
    role: str
    name: str
    email: str
    zone: str
    discord_id: int | None

    @property
    def is_facilitator(self) -> bool:
        return self.role == Membership.Role.FACILITATOR


@dataclass(frozen=True)
class OpenCohorts:
    """The open cohorts, their live groups and members, at one moment; and what ended last.

    A cohort has the attribute `is_changing` while a change that staff confirmed waits.  `read`
    remembers what a function read, so that several kinds can share it.  `only`: the one cohort that
    was read, also if it has ended, and then with its groups that have ended, `past_groups`.
    """

    now: datetime
    cohorts: Mapping[int, Cohort]
    ended: Sequence[Cohort]
    groups: Mapping[int, Group]
    members: Sequence[DeskMember]
    only: int | None = None
    past_groups: Sequence[Group] = ()
    _reads: dict[Any, Any] = field(default_factory=dict)

    def read(self, reader: Callable[[OpenCohorts], T]) -> T:
        if reader not in self._reads:
            self._reads[reader] = reader(self)
        found: T = self._reads[reader]
        return found

    def live(self, path: str = "") -> Q:
        """Return a filter for rows of these groups; `path` is the lookup to the group."""
        mine = Q() if self.only is None else Q(**{f"{path}cohort": self.only})
        return live_group(path) & mine

    @cached_property
    def members_of(self) -> Mapping[int, list[DeskMember]]:
        """The members by group: facilitators first, then by name."""
        found: dict[int, list[DeskMember]] = defaultdict(list)
        for member in self.members:
            found[member.group_id].append(member)
        return found

    @cached_property
    def groups_of(self) -> Mapping[int, list[Group]]:
        """The live groups by cohort, by name."""
        found: dict[int, list[Group]] = defaultdict(list)
        for group in self.groups.values():
            found[group.cohort_id].append(group)
        return found

    @cached_property
    def people(self) -> Mapping[int, DeskMember]:
        """One of each person's memberships."""
        return {member.user_id: member for member in self.members}


def read_open_cohorts(now: datetime, only: int | None = None) -> OpenCohorts:
    cohorts = _read_cohorts(only)
    known = {cohort.pk: cohort for cohort in cohorts}
    by_id = {pk: cohort for pk, cohort in known.items() if not cohort.has_ended}
    ended = sorted(
        (one for one in cohorts if one.has_ended), key=lambda one: (one.ended_at or NEVER, one.pk)
    )
    # By id: a cohort that is opened or ended between the queries is left out.
    wanted = Q(live_group(), cohort__in=by_id) if only is None else Q(cohort__in=known)
    rows = list(Group.objects.filter(wanted).order_by("name", "pk"))
    for group in rows:
        group.cohort = known[group.cohort_id]
    groups = {group.pk: group for group in rows if not group.has_ended}
    past = tuple(group for group in rows if group.has_ended)
    members = [member for member in _read_members(only) if member.group_id in groups]
    return OpenCohorts(now, by_id, tuple(reversed(ended)), groups, members, only, past)


def _read_cohorts(only: int | None) -> list[Cohort]:
    """Return all open cohorts and those that ended last, by start; or one."""
    last = Cohort.objects.exclude(status=Cohort.Status.OPEN).order_by("-ended_at", "-pk")
    waiting = CohortStep.objects.filter(cohort=OuterRef("pk"), state=CohortStep.State.WAITING)
    cohorts = Cohort.objects.annotate(is_changing=Exists(waiting)).select_related("course")
    shown = Q(status=Cohort.Status.OPEN) | Q(pk__in=last.values("pk")[:ENDED_SHOWN])
    shown = shown if only is None else Q(pk=only)
    return list(cohorts.filter(shown).order_by("start_date", "pk"))


def _read_members(only: int | None) -> list[DeskMember]:
    rows = Membership.objects.filter(
        live_group("group__"), status=Membership.Status.ACTIVE, user__is_active=True
    ).order_by("role", "user__name", "user", "pk")
    rows = rows if only is None else rows.filter(cohort=only)
    columns = ("pk", "user", "group", "cohort", "role", *NAME, "user__timezone", "user__discord_id")
    return [
        DeskMember(
            pk, user, group, cohort, role, display_name(user, *name), name[2] or "", zone, account
        )
        for pk, user, group, cohort, role, *name, zone, account in rows.values_list(*columns)
    ]


def display_name(user_id: int, nickname: str, name: str, email: str | None) -> str:
    """Return what `User.display_name` does, for a row that was read as values."""
    return nickname or name or email or f"Person {user_id}"


class DeskAccess(NamedTuple):
    """What a provider last reported about a person in a live group."""

    user_id: int
    group_id: int
    provider: str
    state: str
    reason: str


def read_access(facts: OpenCohorts) -> list[DeskAccess]:
    """Return the access states in live groups, except of access that has ended.  One query."""
    rows = AccessState.objects.filter(group__in=facts.groups)
    rows = rows.exclude(state=AccessState.State.ENDED)
    columns = ("user", "group", "provider", "state", "reason")
    return [DeskAccess(*row) for row in rows.values_list(*columns)]
