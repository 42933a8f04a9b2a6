"""Which installation this database belongs to, and what time it is taken to be."""

from __future__ import annotations

from datetime import timedelta

from django.db import models


class Installation(models.Model):
    """One row.  Its id is written at the first start and marks everything made outside."""

    installation_id = models.CharField(max_length=40)
    # INSTALLATION_ID as staff last accepted it; another value holds the mirrors back.
    accepted_as = models.CharField(max_length=40, default="")
    first_started_at = models.DateTimeField()
    # The first start, or staff's last word on whose installation this is: a message that was due
    # before it is never sent, since the original may have sent it.
    quiet_before = models.DateTimeField(null=True, blank=True)
    # Only with a sandbox: all processes share the moved clock through this row.
    clock_offset = models.DurationField(default=timedelta(0))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="installation_one_row")
        ]

    def __str__(self) -> str:
        return self.installation_id
