"""Snoozed items of the Today page."""

from django.conf import settings
from django.db import models


class Snooze(models.Model):
    """An item that staff do not want to see until a day, or until its list grows.

    It holds for everyone.  `key` is `Need.key`; `named` are the keys of what the item named.
    """

    key = models.CharField(max_length=80, unique=True)
    until = models.DateField(help_text="The item is shown again from this day on.")
    named = models.JSONField(default=list)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    snoozed_at = models.DateTimeField()

    class Meta:
        ordering = ["until", "key"]

    def __str__(self) -> str:
        return f"{self.key} until {self.until}"
