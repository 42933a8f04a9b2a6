"""Scheduled tasks."""

from datetime import timedelta

from django.conf import settings

from cohorts import clock
from discordsync.attendance.detection import detect_presence

RECENT = timedelta(hours=3)

# Sessions of a long meeting's first days must not be deleted before its end is processed.
MARGIN = timedelta(days=2)


def note_recent_presence() -> None:
    """Record attendance at current and recent meetings.  Runs every minute."""
    now = clock.now()
    detect_presence(now - RECENT, now)


def note_kept_presence() -> None:
    """Record attendance at all meetings with stored sessions, to catch up on outages.  Hourly."""
    now = clock.now()
    detect_presence(now - timedelta(days=settings.VOICE["keep_days"]) + MARGIN, now)
