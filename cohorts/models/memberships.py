"""Memberships of people in groups, access exceptions granted by staff, and the access states that
providers report."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts.models.courses import Cohort, Group


class Membership(models.Model):
    """A person in a group.  Ended memberships are kept: they explain why access ended."""

    class Role(models.TextChoices):
        PARTICIPANT = "participant"
        FACILITATOR = "facilitator"

    class Status(models.TextChoices):
        ACTIVE = "active"
        DROPPED = "dropped"
        COMPLETED = "completed"
        REMOVED = "removed"
        MOVED = "moved"  # to another group of the cohort, alone or in a merge

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="memberships")
    # Copy of the group's cohort: a constraint cannot follow a foreign key.  On PostgreSQL a
    # composite foreign key keeps both equal (migration 0002).
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, editable=False, related_name="+")
    role = models.CharField(max_length=12, choices=Role, default=Role.PARTICIPANT)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    left_why = models.CharField("why it ended", max_length=200, blank=True)
    # The step that made it: its letter replaces the message to a new member.
    step = models.ForeignKey(
        "cohorts.CohortStep",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="memberships",
    )

    class Meta:
        ordering = ["group", "role", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "group"],
                condition=models.Q(status="active"),
                name="membership_active_once_per_group",
                violation_error_message="This person is already an active member of this group.",
            ),
            models.UniqueConstraint(
                fields=["user", "cohort"],
                condition=models.Q(status="active", role="participant"),
                name="membership_one_group_per_cohort",
                violation_error_message=(
                    "This person is already an active participant of another group in this cohort."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["participant", "facilitator"]), name="membership_role"
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", left_at__isnull=True)
                | models.Q(
                    status__in=["dropped", "completed", "removed", "moved"], left_at__isnull=False
                ),
                name="membership_end_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.cohort_id = self.group.cohort_id
        if self.status == self.Status.ACTIVE:
            self.left_at = None
        elif self.left_at is None:
            self.left_at = timezone.now()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.group_id:
            self.cohort_id = self.group.cohort_id


class AccessException(models.Model):
    """A person keeps access to a group until a date, for a reason that staff recorded."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_exceptions"
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="access_exceptions")
    reason = models.CharField(max_length=200)
    until = models.DateTimeField(help_text="Access ends automatically at this time.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["-until"]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}: {self.reason}"


class AccessState(models.Model):
    """What one provider last reported about one person's access to one group.

    For display only: no plan reads it.
    """

    class State(models.TextChoices):
        PENDING = "pending", "on its way"
        GRANTED = "granted", "has access"
        NOT_JOINED = "not_joined", "not in the server yet"
        NO_ADDRESS = "no_address", "no e-mail address"
        WITHHELD = "withheld", "withheld"
        FAILED = "failed", "failed"
        ENDED = "ended", "ended"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_states"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="access_states")
    provider = models.CharField("integration", max_length=20)
    state = models.CharField(max_length=12, choices=State)
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "group", "provider"], name="access_state_once_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}, {self.provider}: {self.get_state_display()}"
