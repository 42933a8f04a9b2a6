"""The conductor's rows.  Few, each with one job (docs/architecture.md)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts.models import Cohort, Group


class GroupSync(models.Model):
    """One group in one mirror: what is wanted, what was seen, when to look next."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="syncs")
    mirror = models.CharField(max_length=20)
    # A change of facts adds one to `wanted` in its own transaction; a run that finished writes the
    # `wanted` that it had read before its snapshot into `seen`.
    wanted = models.PositiveBigIntegerField(default=1)
    seen = models.PositiveBigIntegerField(default=0)
    # The next moment to look though nothing changed; read by the minute sweep.
    next_at = models.DateTimeField(default=timezone.now, db_index=True)
    # The realize request; cleared when the group stands in this mirror.
    create_asked_at = models.DateTimeField(null=True, blank=True)
    create_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    stands_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=40, blank=True)
    trouble_detail = models.CharField(max_length=500, blank=True)
    trouble_since = models.DateTimeField(null=True, blank=True)
    logged = models.CharField(max_length=40, blank=True)  # the issue that was logged last
    # {"people": [outside ids], "by": name, "at": iso}: used once, covers only those.
    removals_approved = models.JSONField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "group in a mirror"
        verbose_name_plural = "groups in mirrors"
        constraints = [
            models.UniqueConstraint(fields=["group", "mirror"], name="group_sync_once_per_mirror")
        ]

    def __str__(self) -> str:
        return f"{self.group} in {self.mirror}"

    def is_due(self, now: datetime) -> bool:
        return self.wanted > self.seen or self.next_at <= now


class MirrorState(models.Model):
    """One mirror: who holds it, and whether it can be reached."""

    name = models.CharField(primary_key=True, max_length=20)
    # The lease.  Times of it are the database's, so that machines need not agree on the hour.
    holder = models.CharField(max_length=100, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=40, blank=True)
    trouble_detail = models.CharField(max_length=500, blank=True)
    trouble_since = models.DateTimeField(null=True, blank=True)
    logged = models.CharField(max_length=40, blank=True)  # the issue that was logged last
    # Lanes that the service asked to wait: {kind: ISO time}.
    parked = models.JSONField(default=dict, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=150, blank=True)
    # Staff's word on marked objects that no record explains: they are ours, take them.
    adopt_strangers = models.BooleanField(default=False)
    # What could not be taken over at that word, each a sentence with its reason.
    not_adopted = models.JSONField(default=list, blank=True)
    # Objects with our mark that no record explains, as the last look found them; many of them stop
    # everything.
    orphans = models.CharField(max_length=500, blank=True)
    has_many_orphans = models.BooleanField(default=False)
    # The server or calendar that all records of this mirror are about.
    scope = models.CharField(max_length=200, blank=True)
    cursor = models.TextField(blank=True)  # Google's syncToken
    # When everything was read last, and not only what had changed.
    whole_at = models.DateTimeField(null=True, blank=True)
    # The next moment to look outside though no group is due; read by the minute sweep.
    look_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)  # the last answer from outside
    # Goes up when we are told of a change outside: an observation from before is out of date.
    changed_outside = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "mirror"

    def __str__(self) -> str:
        return self.name


class SyncRun(models.Model):
    """One run that changed something, or one plan that somebody asked to see."""

    class Mode(models.TextChoices):
        APPLY = "apply"
        PLAN = "plan"

    mirror = models.CharField(max_length=20)
    mode = models.CharField(max_length=5, choices=Mode, default=Mode.APPLY)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # For a plan: the groups it is about, and whether as if they were asked to be realized.
    group_ids = models.JSONField(default=list, blank=True)
    as_if_asked = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    summary = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "run"
        ordering = ["-started_at", "-pk"]
        indexes = [
            # Plans that wait for a worker: read each second by whoever holds the mirror.
            models.Index(
                fields=["mirror"],
                condition=models.Q(mode="plan", ended_at__isnull=True),
                name="sync_run_open_plans",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mirror}, {self.started_at:%Y-%m-%d %H:%M}"


class SyncAction(models.Model):
    """One step of a run and what came of it."""

    class Outcome(models.TextChoices):
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown", "unknown yet"  # no answer came; the next look tells

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="actions")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="+")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    verb = models.CharField(max_length=20)
    target = models.CharField(max_length=200)
    why = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    error = models.CharField(max_length=500, blank=True)
    took_ms = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "step"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"


class RealizeRequest(models.Model):
    """One press of “Realize”, kept so that whoever pressed can be told when it has ended."""

    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="realize_requests",
    )
    # Who asked, where that is nobody of the roster: an administrator of the Discord server, say.
    asked_as = models.CharField(max_length=120, blank=True)
    group_ids = models.JSONField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # What each group came to, by its id as text: "standing", "withdrawn" or a trouble's code.
    came_to = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "realize request"
        ordering = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.who_asked}, {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def who_asked(self) -> str:
        return str(self.asked_by) if self.asked_by else self.asked_as


class WorkerHeartbeat(models.Model):
    """One worker that was heard of.  Written by the worker door, read by pages and commands."""

    name = models.CharField(primary_key=True, max_length=100)  # host and process id
    started_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.name
