"""The reconciler's models (docs/architecture.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from cohorts.admin_base.reader_time import show_time
from cohorts.models import Cohort, Group
from cohorts.reconcile.values import CHANGED, DUE, Condition


def due_syncs(now: datetime) -> models.Q:
    """Return the condition of `GroupSync` rows that facts or the clock made due."""
    is_changed = models.Q(generation__gt=models.F("observed_generation"))
    return is_changed | models.Q(next_at__lte=now)


def is_out_of_sync() -> models.Q:
    """Return the condition of rows that changed since their comparison, or with work that waits."""
    return models.Q(generation__gt=models.F("observed_generation")) | models.Q(
        has_waiting_work=True
    )


class GroupSyncs(models.QuerySet["GroupSync"]):
    def lock(self) -> list[int]:
        """Lock these rows in id order, and return their ids; before each update of several rows.

        Such an update locks its rows in any order, and two of them could wait for each other.
        """
        return list(self.order_by("pk").select_for_update().values_list("pk", flat=True))

    @transaction.atomic(savepoint=False)
    def update_in_order(self, **values: Any) -> int:
        """Lock these rows in id order, and update them; return how many."""
        return GroupSync.objects.filter(pk__in=self.lock()).update(**values)

    def forget_requests(self) -> None:
        """Forget that anyone asked for these groups, and what was ready or approved."""
        self.update_in_order(
            realize_requested_at=None,
            realize_requested_by=None,
            ready_at=None,
            removals_approved=None,
        )

    def raise_generation(self, now: datetime) -> int:
        """Note a change of these groups; those that were in sync are not any longer. Return how
        many."""
        since = models.Case(
            models.When(is_out_of_sync(), then=models.F("sync_since")), default=models.Value(now)
        )
        return self.update_in_order(generation=models.F("generation") + 1, sync_since=since)


class GroupSync(models.Model):
    """The sync status of one group in one provider.

    It has no scope: a group's objects are in one server or calendar of a provider, which the
    provider's state names.
    """

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="syncs")
    provider = models.CharField("integration", max_length=20)
    # A change of facts adds one to the generation in its own transaction. A finished run records
    # the generation that it read before its snapshot as the observed one.
    generation = models.PositiveBigIntegerField("generation", default=1)
    observed_generation = models.PositiveBigIntegerField("observed generation", default=0)
    # When to compare next although nothing changed; read by the sweep, every minute.
    next_at = models.DateTimeField("next check", default=timezone.now, db_index=True)
    # The realize request; cleared when the group is ready in this provider.
    realize_requested_at = models.DateTimeField("realize requested", null=True, blank=True)
    realize_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="realize requested by",
    )
    ready_at = models.DateTimeField("ready", null=True, blank=True)
    # When everything first existed here, whether or not anyone had access. Never cleared.
    set_up_at = models.DateTimeField("first set up", null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    issue = models.CharField("issue", max_length=40, blank=True)
    issue_detail = models.CharField("issue detail", max_length=500, blank=True)
    logged_issue = models.CharField(max_length=40, blank=True)  # the issue that was logged last
    # What differs outside and waits for a decision of staff, or was decided (`differences.py`).
    # The database's default serves a worker of the version before, which runs during a deploy.
    drift = models.JSONField("differences outside", default=list, db_default=[], blank=True)
    # The last comparison left requested work that it could not do.
    has_waiting_work = models.BooleanField("work is waiting", default=False)
    # Since when the group is in sync or not, apart from comparisons that only the clock made due;
    # and since when it has its issue, or none.
    sync_since = models.DateTimeField("in or out of sync since", default=timezone.now)
    health_since = models.DateTimeField("issue or none since", default=timezone.now)
    # {"people": [outside ids], "by": name, "at": iso}: used once, and only for these people.
    removals_approved = models.JSONField(null=True, blank=True)

    objects = GroupSyncs.as_manager()

    class Meta:
        verbose_name = "group sync status"
        verbose_name_plural = "group sync statuses"
        constraints = [
            models.UniqueConstraint(
                fields=["group", "provider"], name="group_sync_once_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group} in {self.provider.capitalize()}"

    def is_due(self, now: datetime) -> bool:
        """Return what `due_syncs` selects, for a row that was read."""
        return self.generation > self.observed_generation or self.next_at <= now

    @property
    def approved_people(self) -> tuple[str, ...]:
        """Return the outside people whose removal staff approved."""
        return tuple((self.removals_approved or {}).get("people", ()))

    def in_sync(self, now: datetime) -> Condition:
        if self.generation > self.observed_generation:
            return Condition(False, self.sync_since, CHANGED)
        if self.has_waiting_work:
            return Condition(False, self.sync_since, self.issue)
        if self.next_at <= now:
            return Condition(False, self.next_at, DUE)
        return Condition(True, self.sync_since)


class ProviderStates(models.QuerySet["ProviderState"]):
    def of(self, provider: str) -> ProviderStates:
        """Select the state of a provider's one scope, also while the settings name another one:
        staff are asked first."""
        return self.filter(provider=provider)


class ProviderState(models.Model):
    """The state of one scope of a provider: its lease, and whether it can be reached.

    The scope is the server or calendar to which all records belong, "" until the first observation.
    Each provider has one, and keeps it until staff accept another one (`services.accept_move`).
    """

    provider = models.CharField("integration", max_length=20)
    scope = models.CharField("server or calendar", max_length=200, blank=True)
    # The lease, in the database's time, so that the machines' clocks need not agree.
    holder = models.CharField("syncing on", max_length=100, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField("next retry", null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    issue = models.CharField("issue", max_length=40, blank=True)
    issue_detail = models.CharField("issue detail", max_length=500, blank=True)
    health_since = models.DateTimeField("issue or none since", default=timezone.now)
    logged_issue = models.CharField(max_length=40, blank=True)  # the issue that was logged last
    # Lanes that the service asked to wait: {kind: ISO time}.
    parked = models.JSONField(default=dict, blank=True)
    paused_at = models.DateTimeField("paused", null=True, blank=True)
    paused_by = models.CharField(max_length=150, blank=True)
    # Staff's decision on orphans (objects with our mark but no record): they are ours, adopt them.
    adopt_orphans = models.BooleanField(default=False)
    # Orphans that could not be adopted then: [id, sentence with the reason].
    not_adopted = models.JSONField(default=list, blank=True)
    # The orphans that the last observation found; many of them stop everything.
    orphans = models.CharField(max_length=500, blank=True)
    has_many_orphans = models.BooleanField(default=False)
    cursor = models.TextField(blank=True)  # Google's syncToken
    # The last full read, as opposed to an incremental one.
    fully_observed_at = models.DateTimeField("last full comparison", null=True, blank=True)
    # When the last listing that was stored began. Changes since then may be anyone's.
    listed_at = models.DateTimeField("last listing", null=True, blank=True)
    # When to poll next although no group is due; read by the sweep, every minute.
    next_at = models.DateTimeField("next check", null=True, blank=True)
    # The last answer of the service.
    last_seen_at = models.DateTimeField("last seen", null=True, blank=True)
    # Counts reported changes outside: an observation from before the last one is out of date.
    changed_outside = models.PositiveBigIntegerField(default=0)

    objects = ProviderStates.as_manager()

    class Meta:
        verbose_name = "integration"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "scope"], name="provider_state_once_per_scope"
            )
        ]

    def __str__(self) -> str:
        return self.provider


class SyncRun(models.Model):
    """One run that changed something, or one plan that was requested."""

    class Mode(models.TextChoices):
        APPLY = "apply"
        PLAN = "plan"

    provider = models.CharField("integration", max_length=20)
    mode = models.CharField(max_length=5, choices=Mode, default=Mode.APPLY)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="requested by",
    )
    # For a plan: its groups, and whether to plan as if they had been requested.
    group_ids = models.JSONField(default=list, blank=True)
    as_if_requested = models.BooleanField("as if realized", default=False)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    summary = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "run"
        ordering = ["-started_at", "-pk"]
        indexes = [
            # Plans that wait for a worker: read every second by the holder of the lease.
            models.Index(
                fields=["provider"],
                condition=models.Q(mode="plan", ended_at__isnull=True),
                name="sync_run_open_plans",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}, {show_time(self.started_at)}"


class SyncAction(models.Model):
    """One action of a run, and its outcome."""

    class Outcome(models.TextChoices):
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown", "not known yet"  # no answer came; the next observation shows

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="actions")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="+")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    verb = models.CharField("action", max_length=20)
    target = models.CharField(max_length=200)
    why = models.CharField("reason", max_length=300, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    error = models.CharField(max_length=500, blank=True)
    duration_ms = models.PositiveIntegerField("duration in ms", default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "action"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"


class RealizeRequest(models.Model):
    """One press of “Realize”, kept in order to notify that person when it has ended."""

    requested_at = models.DateTimeField("requested")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="realize_requests",
        verbose_name="requested by",
    )
    # Who asked, if not a user: for example an administrator of the Discord server.
    requested_as = models.CharField("requested as", max_length=120, blank=True)
    group_ids = models.JSONField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # The result of each group, by its id as text: "ready", "withdrawn" or an issue code.
    results = models.JSONField("result", default=dict, blank=True)

    class Meta:
        verbose_name = "realize request"
        ordering = ["-requested_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.requester}, {show_time(self.requested_at)}"

    @property
    def requester(self) -> str:
        return str(self.requested_by) if self.requested_by else self.requested_as


class WorkerHeartbeat(models.Model):
    """The heartbeat of one worker, read by pages and commands."""

    name = models.CharField(primary_key=True, max_length=100)  # host and process id
    # Of Lens; "" for 0.1.0, which does not store it.
    version = models.CharField(max_length=20, blank=True, default="", db_default="")
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField("last seen", default=timezone.now)

    class Meta:
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.name


class RunningTotal(models.Model):
    """One figure of one day, such as the calls to Discord that were refused (`runs/totals.py`)."""

    day = models.DateField()
    name = models.CharField(max_length=40)
    labels = models.CharField(max_length=80, blank=True)  # "provider=discord,result=done"
    value = models.FloatField(default=0)

    class Meta:
        verbose_name = "running total"
        constraints = [
            models.UniqueConstraint(fields=["name", "labels", "day"], name="running_total_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.labels}, {self.day}"


class ScratchObject(models.Model):
    """An object that `verify_services` makes outside: written before the call that creates it, and
    deleted when the object is. What is left of a killed run is removed by the next one."""

    provider = models.CharField(max_length=20)
    scope = models.CharField(max_length=200)
    run = models.CharField(max_length=8)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    outside_id = models.CharField(max_length=100, blank=True)  # "" until the call has answered
    # The slow experiment that needs the object until it is read; "" for none.
    keeper = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class VerificationResult(models.Model):
    """What `verify_services` last found out about one assumption in one server or calendar."""

    provider = models.CharField(max_length=20)
    scope = models.CharField(max_length=200)
    name = models.CharField(max_length=40)
    assumption = models.CharField(max_length=10)
    verdict = models.CharField(max_length=10)
    value = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    # What a slow experiment needs when it is read.
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["provider", "assumption", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "scope", "name"], name="verification_result_once_per_scope"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}"
