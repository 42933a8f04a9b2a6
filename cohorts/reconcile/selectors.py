"""Queries for the sync status of groups, cohorts and providers.

A constant number of queries for any number of groups. The texts are made in `status_text`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from cohorts.models import Group, User, live_group
from cohorts.reconcile.models import (
    GroupSync,
    ProviderState,
    RealizeRequest,
    SyncAction,
    SyncRun,
    due_syncs,
    is_out_of_sync,
)
from cohorts.reconcile.provider import configured_providers, provider_admins, provider_specs
from cohorts.reconcile.status_text import (
    Level,
    StatusContext,
    SyncStatus,
    describe,
    describe_issue,
    describe_since,
)
from cohorts.reconcile.values import Condition, IssueCode, ProviderSpec
from cohorts.reconcile.workers.heartbeats import is_worker_alive

QUIET = ("", IssueCode.NOT_REALIZED)  # no issue, or the one that every group starts with


def read_context(now: datetime) -> StatusContext:
    """Return the context that all groups of a page share. Two queries."""
    states = {state.provider: state for state in ProviderState.objects.all()}
    return StatusContext(now, states, is_worker_alive())


# -- groups --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GroupInProvider:
    """One group in one provider. `row` is None until it is first compared."""

    provider: ProviderSpec
    row: GroupSync | None
    status: SyncStatus
    since: str = ""  # since when, in words


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group, in each provider."""

    group: Group
    places: tuple[GroupInProvider, ...]
    now: datetime

    @property
    def worst(self) -> SyncStatus:
        return max((place.status for place in self.places), key=lambda s: s.level)

    @property
    def is_busy(self) -> bool:
        """Whether a worker still has to process it."""
        return any(
            place.row is None or place.row.is_due(self.now)
            for place in self.places
            if place.provider.is_configured
        )

    @property
    def is_asked_for(self) -> bool:
        return any(place.row and place.row.realize_requested_at for place in self.places)

    @property
    def is_set_up(self) -> bool:
        """Whether each configured provider has set it up, also one that was configured later."""
        return all(
            place.row is not None and place.row.set_up_at is not None
            for place in self.places
            if place.provider.is_configured
        )


def describe_groups(groups: Iterable[Group], context: StatusContext) -> list[GroupView]:
    """Return these groups with their status, in the given order. One query."""
    found = list(groups)
    rows = {
        (row.group_id, row.provider): row
        for row in GroupSync.objects.filter(group__in=[group.pk for group in found])
    }
    return [_describe_group(group, rows, context) for group in found]


def _describe_group(
    group: Group, rows: Mapping[tuple[int, str], GroupSync], context: StatusContext
) -> GroupView:
    places = []
    for provider in provider_specs().values():
        row = rows.get((group.pk, provider.name))
        since = describe_since(row.in_sync(context.now), provider) if row else ""
        status = describe(row, group, provider, context)
        places.append(GroupInProvider(provider, row, status, since))
    return GroupView(group, tuple(places), context.now)


def groups_with_held_removals(provider: str) -> list[int]:
    rows = GroupSync.objects.filter(provider=provider, issue=IssueCode.REMOVALS_HELD)
    return sorted(rows.values_list("group_id", flat=True))


def live_groups(cohort_ids: Collection[int]) -> QuerySet[Group]:
    """Return the groups of these cohorts that have not ended."""
    groups = Group.objects.filter(live_group(), cohort__in=cohort_ids)
    return groups.select_related("cohort").order_by("pk")


def find_out_of_sync(limit: int) -> tuple[list[GroupInProvider], int]:
    """Return the groups that have been out of sync longest, and the total number. Two queries."""
    rows = (
        GroupSync.objects.filter(provider__in=configured_providers())
        .exclude(issue__in=QUIET)
        .select_related("group__cohort")
        .order_by("health_since", "pk")
    )
    providers = provider_specs()
    shown = [
        GroupInProvider(
            providers[row.provider],
            row,
            describe_issue(row.issue, row.issue_detail, tried=row.failures > 0),
        )
        for row in rows[:limit]
    ]
    return shown, rows.count()


# -- cohorts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CohortView:
    """The status of a cohort. `groups` are those that have not ended; `statuses` counts all."""

    groups: tuple[GroupView, ...]
    statuses: Mapping[str, int]

    @property
    def level(self) -> Level:
        return max((view.worst.level for view in self.groups), default=Level.OFF)

    @property
    def sentence(self) -> str:
        """The worst status of its groups, and how many of them have it."""
        if not self.groups:
            return "No active groups."
        worst = [view.worst for view in self.groups if view.worst.level == self.level]
        words, count = Counter(status.words for status in worst).most_common(1)[0]
        share = "" if count == len(self.groups) else f"{count} of {len(self.groups)} groups: "
        return f"{share}{words}"

    @property
    def status_words(self) -> str:
        """ "2 active, 1 not active yet"."""
        words = {Group.Status.PREVIEW: "not active yet"}
        counted = [(self.statuses.get(s, 0), words.get(s, s.label.lower())) for s in Group.Status]
        return ", ".join(f"{n} {label}" for n, label in counted if n) or "no groups yet"

    @property
    def ready_counts(self) -> list[tuple[str, int]]:
        """(title, number of groups that are ready there) of each configured provider."""
        return [
            (provider.title, self._count_ready(name))
            for name, provider in configured_providers().items()
        ]

    def _count_ready(self, name: str) -> int:
        places = (place for view in self.groups for place in view.places)
        return sum(p.provider.name == name and bool(p.row and p.row.ready_at) for p in places)


def describe_cohorts(cohort_ids: Collection[int], context: StatusContext) -> dict[int, CohortView]:
    """Return the cohorts' status by id. Three queries for any number of cohorts and groups."""
    views: dict[int, list[GroupView]] = defaultdict(list)
    for view in describe_groups(live_groups(cohort_ids), context):
        views[view.group.cohort_id].append(view)
    statuses: dict[int, dict[str, int]] = defaultdict(dict)
    counted = Group.objects.filter(cohort__in=cohort_ids).order_by().values_list("cohort", "status")
    for cohort_id, status, count in counted.annotate(Count("pk")):
        statuses[cohort_id][Group.Status(status)] = count
    return {pk: CohortView(tuple(views[pk]), statuses[pk]) for pk in cohort_ids}


def places_with_issues() -> Coalesce:
    """Return an expression for ordering cohorts by how often their live groups are out of sync."""
    rows = (
        GroupSync.objects.filter(live_group("group__"), group__cohort=OuterRef("pk"))
        .exclude(issue__in=QUIET)
        .order_by()
        .values("group__cohort")
        .annotate(count=Count("pk"))
    )
    return Coalesce(Subquery(rows.values("count")), 0)


# -- providers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProviderView:
    """One provider, its state and its status."""

    spec: ProviderSpec
    state: ProviderState | None
    status: SyncStatus
    since: str = ""  # since when its groups are in sync or not, in words

    @property
    def is_configured(self) -> bool:
        return self.spec.is_configured

    @property
    def settings_shown(self) -> Mapping[str, str]:
        return provider_admins[self.spec.name].settings_shown()

    @property
    def is_paused(self) -> bool:
        return bool(self.state and self.state.paused_at)


def read_providers(context: StatusContext) -> list[ProviderView]:
    conditions = read_sync_conditions(context.now)
    return [
        ProviderView(
            provider,
            context.states.get(name),
            _describe_provider(provider, context.states.get(name)),
            describe_since(conditions[name], provider) if name in conditions else "",
        )
        for name, provider in provider_specs().items()
    ]


def read_sync_conditions(now: datetime) -> dict[str, Condition]:
    """Return whether each provider as a whole is in sync: whether all of its groups are, and since
    when. One query."""
    rows = GroupSync.objects.annotate(
        begins=Case(When(is_out_of_sync(), then=F("sync_since")), default=F("next_at"))
    )
    is_out = is_out_of_sync() | due_syncs(now)
    found = (
        rows.order_by()
        .values("provider")
        .annotate(out_since=Min("begins", filter=is_out), in_since=Max("sync_since"))
    )
    return {
        row["provider"]: Condition(row["out_since"] is None, row["out_since"] or row["in_since"])
        for row in found
    }


def _describe_provider(provider: ProviderSpec, state: ProviderState | None) -> SyncStatus:
    if not provider.is_configured:
        level = Level.BAD if provider.required else Level.OFF
        return SyncStatus(level, "Not configured.", "Set its variables (docs/operations.md).")
    if state and state.issue:
        return describe_issue(state.issue, state.issue_detail, tried=True)
    if state and state.paused_at:
        return SyncStatus(
            Level.WAITING, f"Paused by {state.paused_by}: it reads, but changes nothing."
        )
    if state is None or state.last_seen_at is None:
        return SyncStatus(Level.TODO, "Not checked yet.")
    return SyncStatus(Level.FINE, "Reachable.")


# -- actions ---------------------------------------------------------------------------------------


def find_realize_request(group_ids: Collection[int]) -> RealizeRequest | None:
    """Return the newest request that names one of these groups, of the newest 20, with the person
    who made it."""
    return _find_request(RealizeRequest.objects.order_by("-pk")[:20], group_ids)


def find_request_since(
    since: datetime, group_ids: Collection[int], *, by: User
) -> RealizeRequest | None:
    """Return the newest request that names one of these groups and was made after `since`, or whose
    end this person waits for: a second one is not recorded."""
    recent = Q(requested_at__gt=since) | Q(requested_by=by, ended_at__isnull=True)
    return _find_request(RealizeRequest.objects.filter(recent).order_by("-pk"), group_ids)


def _find_request(
    requests: QuerySet[RealizeRequest], group_ids: Collection[int]
) -> RealizeRequest | None:
    ids = set(group_ids)
    found = requests.select_related("requested_by")
    return next((one for one in found if ids & set(one.group_ids)), None)


def actions_of_cohort(cohort_id: int, *, after: int = 0) -> QuerySet[SyncAction]:
    """Return the actions of a cohort and its groups, newest first; `after` is an action's id."""
    about = Q(cohort=cohort_id) | Q(group__cohort=cohort_id)
    return SyncAction.objects.filter(about, pk__gt=after).select_related("group", "run")


def newest_action() -> int:
    """Return the id of the newest action, to query later for the actions after it."""
    return SyncAction.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def actions_left(context: StatusContext) -> int | None:
    """Return how many actions the current runs have left, or None if no run says so."""
    held = [name for name, state in context.states.items() if state.holder]
    newest = (
        SyncRun.objects.filter(provider=name, mode=SyncRun.Mode.APPLY).order_by("-pk").first()
        for name in held
    )
    left = [run.summary.get("left", 0) for run in newest if run and run.ended_at is None]
    return sum(left) if left else None
