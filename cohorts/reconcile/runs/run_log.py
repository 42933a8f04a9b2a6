"""The reconciler's run log, and the state of each provider."""

import logging
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import models

from cohorts import clock
from cohorts.reconcile.errors import (
    CallFailed,
    Conflict,
    Outage,
    RateLimited,
    Unclear,
    name_result,
)
from cohorts.reconcile.models import ProviderState, SyncAction, SyncRun
from cohorts.reconcile.runs import totals
from cohorts.reconcile.values import Action, Finding, IssueCode, ProviderSpec
from cohorts.reconcile.workers.backoff import wait_before_retry

logger = logging.getLogger(__name__)

STATE_FIELDS = ["retry_at", "failures", "issue", "issue_detail", "health_since"]


class RunLog:
    """The run log of one run. The row is created with the first action, so a run that changed
    nothing leaves only the groups' status."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.run: SyncRun | None = None
        self.left = 0
        self.counts: dict[str, int] = {}
        self.totals: Counter[totals.Key] = Counter()  # added to the day's when the run ends
        self.began = time.monotonic()

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
        logger.info(
            "%s: %s %s of group %s: %s after %d ms",
            self.provider,
            action.verb,
            action.kind,
            action.group_id,
            outcome,
            seconds * 1000,
        )

    def count_call(self, result: str) -> None:
        """Count one call by what came of it."""
        self._count("calls", 1, result=result)

    def count_wait(self, seconds: float) -> None:
        """Count that the service asked to wait."""
        self._count("waits", 1)
        self._count("wait_seconds", seconds)

    def count_effect(self, seconds: float) -> None:
        """Count one group that is in sync again, so many seconds after a change."""
        self._count("effects", 1, within=totals.find_limit(seconds))
        self._count("effect_seconds", seconds)

    def _count(self, name: str, value: float, **labels: str) -> None:
        found = totals.key(name, provider=self.provider, **labels)
        self.totals[found] += value  # type: ignore[assignment]

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
        self._count("runs", 1, result=name_result(stopped))
        self._count("run_seconds", time.monotonic() - self.began)
        totals.add_totals(self.totals, clock.now())

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
        now = clock.now()
        next_at = now + spec.poll_every if spec.poll_every else None
        states = ProviderState.objects.of(self.provider)
        states.update(last_seen_at=now, next_at=next_at, scope=scope)
        orphans = finding.orphans
        fields = {"orphans": orphans.detail[:500], "has_many_orphans": orphans.are_many}
        states.exclude(**fields).update(**fields)

    def _note_success(self, issue: str, detail: str) -> None:
        """Record that the run ended without an outage. `issue` concerns the provider as a whole; no
        group would report it if nothing is left to do for it."""
        row = ProviderState.objects.of(self.provider).get()
        if row.issue != issue:
            row.health_since = clock.now()
        row.issue, row.issue_detail = issue, detail[:500] if issue else ""
        row.failures, row.retry_at = 0, None
        row.save(update_fields=STATE_FIELDS)

    def _note_outage(self, error: CallFailed) -> None:
        """Record an outage or an unclear answer as an issue of the provider, not of a group.

        After the first unclear answer the next observation follows at once, because it shows what
        happened. Otherwise there is one probe a minute. The interval does not grow: even if answers
        keep getting lost, each observation lets some of the work finish.
        """
        row = ProviderState.objects.of(self.provider).get()
        unclear = isinstance(error, Unclear | Conflict)
        if not (unclear and row.failures == 0):
            wait = max(_wait(error, row.failures + 1), getattr(error, "after", 0))
            row.retry_at = datetime.now(UTC) + timedelta(seconds=wait)
        row.failures += 1
        if row.issue != error.code:
            row.health_since = clock.now()
        row.issue, row.issue_detail = error.code, error.detail[:500]
        row.save(update_fields=STATE_FIELDS)

    def park(self, kind: str, seconds: float) -> None:
        row = ProviderState.objects.of(self.provider).get()
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        row.parked = {**row.parked, kind: until.isoformat()}
        row.save(update_fields=["parked"])


def _wait(error: CallFailed, failures: int) -> float:
    """Return the seconds until the next probe."""
    if isinstance(error, Outage | Conflict | RateLimited):
        return settings.SYNC["probe_seconds"]
    return wait_before_retry(failures).total_seconds()


def forget_old_runs(before: datetime) -> int:
    """Delete runs and plans that started before `before`; return how many rows were deleted."""
    old: Iterable[int] = SyncRun.objects.filter(started_at__lt=before).values_list("pk", flat=True)
    return SyncRun.objects.filter(pk__in=list(old)).delete()[0]
