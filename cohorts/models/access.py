"""Access exceptions granted by staff, and the access states that providers report."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts.models.courses import Group


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
