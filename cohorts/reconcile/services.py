"""Requests for syncs, plans and decisions. Nothing here uses the network or waits for a worker."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.dispatch import receiver

from cohorts import clock
from cohorts.activity.recording import one_act, record
from cohorts.models import Group, User, live_group
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState, SyncRun, due_syncs
from cohorts.reconcile.provider import (
    configured_providers,
    provider_admins,
    provider_specs,
)
from cohorts.reconcile.runs.realize_requests import record_request
from cohorts.reconcile.values import IssueCode
from cohorts.reconcile.workers.lease import ensure_state
from cohorts.reconcile.workers.nudges import nudge_on_commit
from cohorts.signals import facts_changed, groups_set_up

logger = logging.getLogger(__name__)


@transaction.atomic(savepoint=False)  # a part of the change: they are committed together
def request_sync(group_ids: Iterable[int], *, providers: Iterable[str] | None = None) -> None:
    """Request a sync of these groups, because facts changed. Part of the caller's transaction."""
    names = list(provider_specs() if providers is None else providers)
    ids = set(group_ids)
    rows = GroupSync.objects.filter(group_id__in=ids, provider__in=names)
    found = rows.raise_generation(clock.now())
    if found < len(ids) * len(names):
        create_missing_rows(ids)
    for name in names:
        nudge_on_commit(name)


@receiver(facts_changed)
def sync_changed_groups(group_ids: set[int], **_: Any) -> None:
    request_sync(group_ids)


@receiver(groups_set_up)
@transaction.atomic(savepoint=False)
def sync_groups_set_up(group_ids: set[int], **_: Any) -> None:
    """Request a sync of groups that were set up or became active, part of the caller's transaction.

    Not in a provider whose facts do not follow that, for groups that are done there. One that is
    due is not: a run may have read its facts already.
    """
    specs, now = provider_specs(), clock.now()
    indifferent = [name for name, spec in specs.items() if not spec.follows_set_up]
    is_done = ~due_syncs(now) & Q(ready_at__isnull=False, issue="", has_waiting_work=False)
    rows = GroupSync.objects.filter(group_id__in=group_ids, provider__in=specs)
    rows.exclude(is_done, provider__in=indifferent).raise_generation(now)
    for name in specs:
        nudge_on_commit(name)


def report_outside_change(group_ids: Iterable[int], provider: str) -> None:
    """Report that something outside that concerns these groups has changed, and request a sync.

    The counter invalidates an observation in progress, so that the request is not answered from the
    state before the change.
    """
    ids = set(group_ids)
    if ids:
        states = ProviderState.objects.of(provider)
        states.update(changed_outside=F("changed_outside") + 1)
        request_sync(ids, providers=[provider])


def create_missing_rows(group_ids: Iterable[int] | None = None) -> None:
    """Create a row for each group and provider, also for groups inserted with plain SQL."""
    groups = Group.objects.all()
    if group_ids is not None:
        groups = groups.filter(pk__in=set(group_ids))
    for name in provider_specs():
        lacking = groups.exclude(syncs__provider=name).values_list("pk", flat=True)
        GroupSync.objects.bulk_create(
            [GroupSync(group_id=pk, provider=name) for pk in lacking], ignore_conflicts=True
        )


@transaction.atomic
def request_realize(
    group_ids: Iterable[int], *, by: User | None, now: datetime, requested_as: str = ""
) -> int:
    """Request the infrastructure of these groups; return how many were requested.

    The request stays in each provider until the group is ready there, through crashes and outages.
    A second request does not replace the first, and a second click records nothing. `requested_as`:
    who asked, if not a user.
    """
    groups = list(Group.objects.filter(live_group(), pk__in=set(group_ids)))
    ids = {group.pk for group in groups}
    create_missing_rows(ids)
    lacking = GroupSync.objects.filter(group_id__in=ids, ready_at__isnull=True)
    lacking.lock()  # also if none is updated: of two clicks at once the second records nothing
    is_new = bool(by or requested_as) and record_request(
        lacking, by=by, requested_as=requested_as, now=now
    )
    requested = lacking.filter(realize_requested_at__isnull=True).update(
        realize_requested_at=now, realize_requested_by=by
    )
    if is_new or requested:
        record("realize_requested", by=by, groups=groups, reason=requested_as)
    request_sync(ids)
    return len(ids)


@transaction.atomic
def withdraw_request(group_ids: Iterable[int]) -> int:
    """Withdraw realize requests; return how many groups. What was created already stays."""
    asked = GroupSync.objects.filter(
        group_id__in=set(group_ids), realize_requested_at__isnull=False
    )
    asked.lock()
    ids = set(asked.values_list("group_id", flat=True))
    asked.update(realize_requested_at=None, realize_requested_by=None)
    if ids:
        record("realize_withdrawn", groups=Group.objects.filter(pk__in=ids))
    request_sync(ids)
    return len(ids)


@transaction.atomic
def recreate(group_ids: Iterable[int], provider: str, *, by: User | None, now: datetime) -> None:
    """Delete the records of objects that are gone, and request that they be recreated."""
    for group_id in sorted(set(group_ids)):
        provider_admins[provider].forget(group_id)
    rows = GroupSync.objects.filter(group_id__in=set(group_ids), provider=provider)
    rows.update_in_order(realize_requested_at=now, realize_requested_by=by, ready_at=None)
    _record("recreate_requested", provider, by, Group.objects.filter(pk__in=set(group_ids)))
    request_sync(group_ids, providers=[provider])


def _record(kind: str, provider: str, by: User | None = None, groups: Iterable[Group] = ()) -> None:
    record(
        kind, by=by, groups=groups, changes={"Integration": ["", provider_specs()[provider].title]}
    )


@transaction.atomic
def approve_removals(
    group_id: int, provider: str, people: Iterable[str], *, by: User, now: datetime
) -> None:
    """Approve that these people lose access to the group; staff saw the names. Used once."""
    approval = {"people": sorted(people), "by": by.display_name, "at": now.isoformat()}
    GroupSync.objects.filter(group_id=group_id, provider=provider).update(
        removals_approved=approval
    )
    record(
        "removals_approved",
        by=by,
        group=Group.objects.filter(pk=group_id).first(),
        changes={"People": ["", len(approval["people"])]},
    )
    request_sync([group_id], providers=[provider])


@transaction.atomic
def approve_shown_removals(runs: Iterable[SyncRun], *, by: User, now: datetime) -> int:
    """Approve exactly the removals that these plans showed; return the number of people."""
    people: dict[tuple[str, int], set[str]] = defaultdict(set)
    for run in runs:
        for row in run.summary.get("withheld", ()):
            if row["reason"] == IssueCode.REMOVALS_HELD and row["removes"] and row["group_id"]:
                people[run.provider, row["group_id"]].add(row["removes"])
    for (provider, group_id), names in sorted(people.items()):
        approve_removals(group_id, provider, names, by=by, now=now)
    return len(set().union(*people.values())) if people else 0


@transaction.atomic
def pause(provider: str, *, by: User, now: datetime) -> None:
    ensure_state(provider)
    name = by.display_name[:150]  # of someone without a name, an address of up to 254 characters
    ProviderState.objects.of(provider).update(paused_at=now, paused_by=name)
    _record("integration_paused", provider, by)
    resync(provider)


@transaction.atomic
def resume(provider: str) -> None:
    """End a pause or an outage's wait, and request a sync of every group."""
    ProviderState.objects.of(provider).update(
        paused_at=None, paused_by="", retry_at=None, failures=0, parked={}
    )
    _record("integration_resumed", provider)
    resync(provider)


@transaction.atomic
def end_wait(provider: str) -> None:
    """Probe the service now: a person may have resolved what keeps it from working.

    A wait for what passes within minutes stays: the service itself may have asked for it.
    """
    state = ProviderState.objects.of(provider).first()
    if state and state.retry_at and not find_issue(state.issue).passes:
        ProviderState.objects.of(provider).update(retry_at=None)
    nudge_on_commit(provider)


@transaction.atomic
def adopt_orphans(provider: str) -> None:
    """Store staff's decision on orphans: they are ours, adopt them.

    Messages that were held are sent, because this database was not restored.
    """
    ProviderState.objects.of(provider).update(adopt_orphans=True, **NO_ORPHANS)
    _record("orphans_adopted", provider)
    resync(provider)


@transaction.atomic
def accept_move(provider: str) -> None:
    """Store staff's decision on another server or calendar: start there, and adopt marked objects.

    Records of the former one are deleted, and nothing is created before someone asks.
    """
    provider_admins[provider].forget_all()
    GroupSync.objects.filter(provider=provider).forget_requests()
    ProviderState.objects.of(provider).update(scope=provider_specs()[provider].scope)
    with one_act("scope_accepted", changes={"Integration": ["", provider_specs()[provider].title]}):
        adopt_orphans(provider)


NO_ORPHANS: dict[str, Any] = {"orphans": "", "has_many_orphans": False}  # until we observe again


def record_adopted(provider: str, lacking: Mapping[str, str]) -> None:
    """Clear the decision, and keep what could not be adopted: each id with its reason."""
    row = ProviderState.objects.of(provider).select_for_update().get()
    known = {pk for pk, _ in row.not_adopted}
    row.not_adopted += [[pk, why] for pk, why in lacking.items() if pk not in known]
    row.adopt_orphans = False
    row.save(update_fields=["not_adopted", "adopt_orphans"])
    if lacking:
        logger.warning("%s objects could not be taken over in %s", len(lacking), provider)


@transaction.atomic
def resync(provider: str) -> None:
    """Request a sync of every group of a provider."""
    create_missing_rows()
    GroupSync.objects.filter(provider=provider).raise_generation(clock.now())
    nudge_on_commit(provider)


@transaction.atomic
def request_plan(
    group_ids: Iterable[int],
    *,
    as_if_requested: bool,
    by: User | None = None,
    providers: Collection[str] | None = None,
) -> list[SyncRun]:
    """Request a plan from each of these providers that is configured. A worker answers."""
    ids = sorted(set(group_ids))
    runs = [
        SyncRun.objects.create(
            provider=name,
            mode=SyncRun.Mode.PLAN,
            requested_by=by,
            group_ids=ids,
            as_if_requested=as_if_requested,
        )
        for name in configured_providers()
        if providers is None or name in providers
    ]
    for run in runs:
        nudge_on_commit(run.provider)
    return runs
