"""What the clock calls."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from cohorts import clock
from discordsync.voice.noting import note_presence

RECENT = timedelta(hours=3)

# The first days of a long meeting must not be forgotten before its end is looked at.
MARGIN = timedelta(days=2)


def note_recent_presence() -> None:
    """Every minute: whoever is at a meeting, and whoever was not when it has ended."""
    now = clock.now()
    note_presence(now - RECENT, now)


def note_kept_presence() -> None:
    """Every hour: the same for all that is kept, whatever was down or has changed since."""
    now = clock.now()
    note_presence(now - timedelta(days=settings.VOICE["keep_days"]) + MARGIN, now)
