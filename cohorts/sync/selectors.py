"""Reading how far groups, cohorts and mirrors are.

A constant number of queries for any number of groups; the words are made in `words`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cohorts.models import Group, live_group
from cohorts.sync.heartbeats import is_worker_alive
from cohorts.sync.mirror import Mirror
from cohorts.sync.models import GroupSync, MirrorState, SyncAction, SyncRun
from cohorts.sync.registry import all_mirrors, configured_mirrors
from cohorts.sync.words import NOTHING_MADE, Level, Scene, Standing, describe, describe_trouble

QUIET = ("", NOTHING_MADE)  # no trouble, or the one that every group begins with


def read_scene(now: datetime) -> Scene:
    """Two queries."""
    states = {state.name: state for state in MirrorState.objects.all()}
    return Scene(now, states, is_worker_alive())


# -- groups --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InMirror:
    """One group in one mirror.  `row` is None where nobody has looked yet."""

    mirror: Mirror
    row: GroupSync | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group, in each mirror."""

    group: Group
    places: tuple[InMirror, ...]
    now: datetime

    @property
    def worst(self) -> Standing:
        return max((place.standing for place in self.places), key=lambda s: s.level)

    @property
    def is_busy(self) -> bool:
        """Whether a worker still has to look at it, or it waits for something that passes."""
        return any(
            place.row is None or place.row.is_due(self.now)
            for place in self.places
            if place.mirror.is_configured()
        )

    @property
    def is_asked_for(self) -> bool:
        return any(place.row and place.row.create_asked_at for place in self.places)


def see_groups(groups: Iterable[Group], scene: Scene) -> list[GroupView]:
    """These groups in the order given.  One query."""
    found = list(groups)
    rows = {
        (row.group_id, row.mirror): row
        for row in GroupSync.objects.filter(group__in=[group.pk for group in found])
    }
    return [_see_group(group, rows, scene) for group in found]


def _see_group(group: Group, rows: Mapping[tuple[int, str], GroupSync], scene: Scene) -> GroupView:
    places = []
    for mirror in all_mirrors().values():
        row = rows.get((group.pk, mirror.name))
        places.append(InMirror(mirror, row, describe(row, group, mirror, scene)))
    return GroupView(group, tuple(places), scene.now)


def live_groups(cohort_ids: Collection[int]) -> QuerySet[Group]:
    """The groups of these cohorts that have not ended."""
    groups = Group.objects.filter(live_group(), cohort__in=cohort_ids)
    return groups.select_related("cohort").order_by("pk")


@dataclass(frozen=True, slots=True)
class OutOfStep:
    """One group in one mirror that is out of step, and why."""

    row: GroupSync
    mirror: Mirror
    standing: Standing


def out_of_step(limit: int) -> tuple[list[OutOfStep], int]:
    """The groups that are out of step the longest, and how many there are.  Two queries."""
    rows = (
        GroupSync.objects.filter(mirror__in=configured_mirrors())
        .exclude(trouble__in=QUIET)
        .select_related("group__cohort")
        .order_by("trouble_since", "pk")
    )
    mirrors = all_mirrors()
    shown = [
        OutOfStep(
            row,
            mirrors[row.mirror],
            describe_trouble(row.trouble, row.trouble_detail, tried=row.failures > 0),
        )
        for row in rows[:limit]
    ]
    return shown, rows.count()


# -- cohorts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CohortView:
    """How far a cohort is.  `groups` are those that have not ended; `statuses` counts all."""

    groups: tuple[GroupView, ...]
    statuses: Mapping[str, int]

    @property
    def level(self) -> Level:
        return max((view.worst.level for view in self.groups), default=Level.OFF)

    @property
    def sentence(self) -> str:
        """The worst that is said of a group, and of how many of them."""
        if not self.groups:
            return "No group is under way."
        worst = [view.worst for view in self.groups if view.worst.level == self.level]
        words, count = Counter(standing.words for standing in worst).most_common(1)[0]
        share = "" if count == len(self.groups) else f"{count} of {len(self.groups)} groups: "
        return f"{share}{words}"

    @property
    def status_words(self) -> str:
        """ "2 active, 1 preview"."""
        counted = [(self.statuses.get(s, 0), s.label.lower()) for s in Group.Status]
        return ", ".join(f"{n} {label}" for n, label in counted if n) or "no groups yet"

    @property
    def standing_counts(self) -> list[tuple[str, int]]:
        """(mirror's title, how many groups stand there), for mirrors that are configured."""
        return [
            (mirror.title, self._count_standing(name))
            for name, mirror in configured_mirrors().items()
        ]

    def _count_standing(self, name: str) -> int:
        places = (place for view in self.groups for place in view.places)
        return sum(p.mirror.name == name and bool(p.row and p.row.stands_at) for p in places)


def see_cohorts(cohort_ids: Collection[int], scene: Scene) -> dict[int, CohortView]:
    """Three queries for any number of cohorts and groups."""
    views: dict[int, list[GroupView]] = defaultdict(list)
    for view in see_groups(live_groups(cohort_ids), scene):
        views[view.group.cohort_id].append(view)
    statuses: dict[int, dict[str, int]] = defaultdict(dict)
    counted = Group.objects.filter(cohort__in=cohort_ids).order_by().values_list("cohort", "status")
    for cohort_id, status, count in counted.annotate(Count("pk")):
        statuses[cohort_id][Group.Status(status)] = count
    return {pk: CohortView(tuple(views[pk]), statuses[pk]) for pk in cohort_ids}


def troubled_places() -> Coalesce:
    """For ordering cohorts: in how many places groups that have not ended are out of step."""
    rows = (
        GroupSync.objects.filter(live_group("group__"), group__cohort=OuterRef("pk"))
        .exclude(trouble__in=QUIET)
        .order_by()
        .values("group__cohort")
        .annotate(count=Count("pk"))
    )
    return Coalesce(Subquery(rows.values("count")), 0)


# -- mirrors -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MirrorView:
    """One mirror: whether it can be reached, who works on it, and what is wrong."""

    mirror: Mirror
    state: MirrorState | None
    standing: Standing

    @property
    def is_configured(self) -> bool:
        return self.mirror.is_configured()

    @property
    def is_paused(self) -> bool:
        return bool(self.state and self.state.paused_at)


def see_mirrors(scene: Scene) -> list[MirrorView]:
    return [
        MirrorView(mirror, scene.states.get(name), _describe_mirror(mirror, scene.states.get(name)))
        for name, mirror in all_mirrors().items()
    ]


def _describe_mirror(mirror: Mirror, state: MirrorState | None) -> Standing:
    if not mirror.is_configured():
        level = Level.BAD if mirror.required else Level.OFF
        return Standing(level, "Not configured.", "Set its variables (docs/operations.md).")
    if state and state.trouble:
        return describe_trouble(state.trouble, state.trouble_detail, tried=True)
    if state and state.paused_at:
        return Standing(
            Level.WAITING, f"Paused by {state.paused_by}: it looks, but changes nothing."
        )
    if state is None or state.heard_at is None:
        return Standing(Level.TODO, "Nobody has looked yet.")
    return Standing(Level.FINE, "Reachable.")


# -- steps ---------------------------------------------------------------------------------------


def steps_of_cohort(cohort_id: int, *, after: int = 0) -> QuerySet[SyncAction]:
    """The steps for a cohort and its groups, the newest first; `after` is a step's id."""
    about = Q(cohort=cohort_id) | Q(group__cohort=cohort_id)
    return SyncAction.objects.filter(about, pk__gt=after).select_related("group", "run")


def newest_step() -> int:
    """The id of the newest step, to ask later what came after it."""
    return SyncAction.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def steps_left(scene: Scene) -> int | None:
    """How many steps the runs under way have still before them, or None when none says so."""
    held = [name for name, state in scene.states.items() if state.holder]
    newest = (
        SyncRun.objects.filter(mirror=name, mode=SyncRun.Mode.APPLY).order_by("-pk").first()
        for name in held
    )
    left = [run.summary.get("left", 0) for run in newest if run and run.ended_at is None]
    return sum(left) if left else None
