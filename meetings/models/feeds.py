"""Calendars that people subscribe to at a secret address."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone


def make_token() -> str:
    """Return a random token of 43 characters (256 bits)."""
    return secrets.token_urlsafe(32)


class CalendarFeed(models.Model):
    """The secret address of one person's calendar.

    The address works only while this row exists with the same token.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    token = models.CharField(max_length=64, unique=True, default=make_token)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Calendar of {self.user}"
