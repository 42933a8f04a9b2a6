"""What a run must know of a provider before it acts: due work, waits, and what forbids writes."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.db.models.functions import Now

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile.models import GroupSync, ProviderState, SyncRun, due_syncs
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.values import Due, IssueCode


def has_work(provider: str, now: datetime) -> bool:
    """Return whether a worker has something to do: a group is due, a plan was requested, or it is
    time to poll for changes that people made outside."""
    return (
        GroupSync.objects.filter(due_syncs(now), provider=provider).exists()
        or open_plans(provider).exists()
        or ProviderState.objects.of(provider).filter(next_at__lte=now).exists()
    )


def read_due(provider: str, now: datetime) -> dict[int, Due]:
    """Return the groups that facts or the clock made due, by id. One query."""
    rows = (
        GroupSync.objects.filter(due_syncs(now), provider=provider)
        .select_related("group")
        .only("generation", "realize_requested_at", "issue", "removals_approved", "group__cohort")
        .order_by("group_id")
    )
    return {
        row.group_id: Due(
            group_id=row.group_id,
            cohort_id=row.group.cohort_id,
            generation=row.generation,
            may_create=row.realize_requested_at is not None,
            issue=row.issue,
            approved=row.approved_people,
        )
        for row in rows
    }


def open_plans(provider: str) -> QuerySet[SyncRun]:
    """Return the requested plans that wait for an answer."""
    return SyncRun.objects.filter(provider=provider, mode=SyncRun.Mode.PLAN, ended_at__isnull=True)


def is_waiting(provider: str) -> bool:
    """Return whether an outage delays the provider and its next probe is not due yet."""
    return ProviderState.objects.of(provider).filter(retry_at__gt=Now()).exists()


def find_write_ban(provider: str) -> str:
    """Return the issue code that forbids all writes to the provider, or "" if it may be changed.

    Two queries: the installation, and the state of all providers, since any of them can show that
    this database is a copy.
    """
    if doubt := Installation.objects.ensure(clock.now()).doubt:
        return doubt
    states = {state.provider: state for state in ProviderState.objects.all()}
    if sign := find_sign_of_copy(states.values()):
        return sign
    return IssueCode.PAUSED if states[provider].paused_at else ""


def find_sign_of_copy(states: Collection[ProviderState]) -> str:
    """Return an issue code if the objects outside suggest that this is a copy, else ""."""
    providers = configured_providers()
    if any(state.has_many_orphans for state in states if state.provider in providers):
        return IssueCode.MANY_ORPHANS
    return IssueCode.MOVED if find_moved(states) else ""


def find_moved(states: Iterable[ProviderState]) -> list[ProviderState]:
    """Return the providers for which the settings name another server or calendar than before."""
    providers = configured_providers()
    return [
        state
        for state in states
        if state.provider in providers and state.scope not in {"", providers[state.provider].scope}
    ]


def count_changes(provider: str) -> int:
    """Return how many changes outside have been reported so far."""
    return ProviderState.objects.of(provider).values_list("changed_outside", flat=True).get()


def parked_lanes(provider: str) -> dict[str, datetime]:
    """Return the lanes that the service asked to wait, each with its end in real time (UTC)."""
    stored = ProviderState.objects.of(provider).values_list("parked", flat=True).get()
    until = {kind: datetime.fromisoformat(text) for kind, text in stored.items()}
    return {kind: moment for kind, moment in until.items() if moment > datetime.now(UTC)}
