"""Signals that someone is at risk, which staff have dismissed."""

from django.conf import settings
from django.db import models

from meetings.models.meetings import Meeting


class DismissedRisk(models.Model):
    """A signal that staff dismissed. `meeting` is its last absence: another one is a new signal."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="+")
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    dismissed_at = models.DateTimeField()

    class Meta:
        ordering = ["-dismissed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "meeting"], name="dismissed_risk_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.meeting}"
