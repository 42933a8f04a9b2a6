"""The reconciler's run log, and the state of each provider."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from cohorts import clock
from cohorts.reconcile.errors import CallFailed, Conflict, Outage, Unclear
from cohorts.reconcile.models import GroupSync, ProviderState, SyncAction, SyncRun
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.values import Action, Finding, IssueCode, ProviderSpec
from cohorts.reconcile.workers.backoff import wait_before_retry
from cohorts.services.installation import ensure_installation, find_doubt


def has_work(provider: str, now: datetime) -> bool:
    """Return whether a worker has something to do: a group is due, a plan was requested, or it is
    time to poll for changes that people made outside."""
    due = models.Q(generation__gt=models.F("observed_generation")) | models.Q(next_at__lte=now)
    return (
        GroupSync.objects.filter(due, provider=provider).exists()
        or SyncRun.objects.filter(provider=provider, mode="plan", ended_at__isnull=True).exists()
        or ProviderState.objects.filter(provider=provider, next_at__lte=now).exists()
    )


def is_waiting(provider: str) -> bool:
    """Return whether an outage delays the provider and its next probe is not due yet."""
    return ProviderState.objects.filter(provider=provider, retry_at__gt=Now()).exists()


def read_only(provider: str) -> str:
    """Return the issue code that forbids all writes to the provider, or "" if it may be changed.

    Two queries: the installation, and the state of all providers, since any of them can show that
    this database is a copy.
    """
    if doubt := find_doubt(ensure_installation(clock.now())):
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
    return ProviderState.objects.values_list("changed_outside", flat=True).get(provider=provider)


def parked_lanes(provider: str) -> dict[str, datetime]:
    """Return the lanes that the service asked to wait, each with its end in real time (UTC)."""
    stored = ProviderState.objects.values_list("parked", flat=True).get(provider=provider)
    until = {kind: datetime.fromisoformat(text) for kind, text in stored.items()}
    return {kind: moment for kind, moment in until.items() if moment > datetime.now(UTC)}


STATE_FIELDS = ["retry_at", "failures", "issue", "issue_detail", "issue_since"]


class RunLog:
    """The run log of one run. The row is created with the first action, so a run that changed
    nothing leaves only `last_ok_at`."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.run: SyncRun | None = None
        self.left = 0
        self.counts: dict[str, int] = {}

    def write(self, action: Action, outcome: SyncAction.Outcome, said: str, seconds: float) -> None:
        if self.run is None:
            self.run = SyncRun.objects.create(provider=self.provider)
        SyncAction.objects.create(
            run=self.run,
            group_id=action.group_id,
            cohort_id=action.cohort_id,
            kind=action.kind,
            verb=action.verb,
            target=action.target[:200],
            why=action.why[:300],
            outcome=outcome,
            error=said[:500],
            duration_ms=int(seconds * 1000),
        )
        self.counts[outcome] = self.counts.get(outcome, 0) + 1

    def note_left(self, left: int) -> None:
        """Record how many actions are left, for the pages that show progress."""
        if self.run is not None and left != self.left:
            self.left = left
            SyncRun.objects.filter(pk=self.run.pk).update(summary=self._summary())

    def close(self, stopped: Exception | None, finding: Finding) -> None:
        """End the run, and record how it ended: `stopped` is what stopped it, if anything."""
        if stopped is None:
            issue = finding.issue or (IssueCode.MANY_ORPHANS if finding.orphans.are_many else "")
            self._note_success(issue, finding.detail or finding.orphans.detail)
        elif isinstance(stopped, CallFailed):
            self._note_outage(stopped)
        if self.run is not None:
            SyncRun.objects.filter(pk=self.run.pk).update(
                summary=self._summary(), ended_at=datetime.now(UTC)
            )

    def _summary(self) -> dict[str, int]:
        return {"left": self.left, **self.counts}

    # -- the provider's own state ------------------------------------------------------------

    def note_observation(self, finding: Finding, spec: ProviderSpec) -> None:
        """Record an observation and when to poll next, and its orphans: until the next observation,
        other providers check them too.

        The first scope is stored. If it differs later, staff are asked (`find_moved`).
        """
        is_first = models.When(scope="", then=models.Value(spec.scope))
        scope = models.Case(is_first, default=models.F("scope"))
        next_at = clock.now() + spec.poll_every if spec.poll_every else None
        states = ProviderState.objects.filter(provider=self.provider)
        states.update(last_seen_at=Now(), next_at=next_at, scope=scope)
        orphans = finding.orphans
        fields = {"orphans": orphans.detail[:500], "has_many_orphans": orphans.are_many}
        states.exclude(**fields).update(**fields)

    def _note_success(self, issue: str, detail: str) -> None:
        """Record that the run ended without an outage. `issue` concerns the provider as a whole; no
        group would report it if nothing is left to do for it."""
        row = ProviderState.objects.get(provider=self.provider)
        if row.issue != issue:
            row.issue_since = clock.now() if issue else None
        row.issue, row.issue_detail = issue, detail[:500] if issue else ""
        row.failures, row.retry_at = 0, None
        row.save(update_fields=STATE_FIELDS)

    def _note_outage(self, error: CallFailed) -> None:
        """Record an outage or an unclear answer as an issue of the provider, not of a group.

        After the first unclear answer the next observation follows at once, because it shows what
        happened. Otherwise there is one probe a minute. The interval does not grow: even if answers
        keep getting lost, each observation lets some of the work finish.
        """
        row = ProviderState.objects.get(provider=self.provider)
        unclear = isinstance(error, Unclear | Conflict)
        if not (unclear and row.failures == 0):
            wait = max(_wait(error, row.failures + 1), getattr(error, "after", 0))
            row.retry_at = datetime.now(UTC) + timedelta(seconds=wait)
        row.failures += 1
        if row.issue != error.code:
            row.issue_since = clock.now()
        row.issue, row.issue_detail = error.code, error.detail[:500]
        row.save(update_fields=STATE_FIELDS)

    def park(self, kind: str, seconds: float) -> None:
        row = ProviderState.objects.get(provider=self.provider)
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        row.parked = {**row.parked, kind: until.isoformat()}
        row.save(update_fields=["parked"])


def _wait(error: CallFailed, failures: int) -> float:
    """Return the seconds until the next probe."""
    if isinstance(error, Outage | Conflict):
        return settings.SYNC["probe_seconds"]
    return wait_before_retry(failures).total_seconds()


def forget_old_runs(before: datetime) -> int:
    """Delete runs and plans that started before `before`; return how many rows were deleted."""
    old: Iterable[int] = SyncRun.objects.filter(started_at__lt=before).values_list("pk", flat=True)
    return SyncRun.objects.filter(pk__in=list(old)).delete()[0]
