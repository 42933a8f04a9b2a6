"""Scheduled tasks."""

from cohorts import clock
from meetings.services import repair_meetings


def repair_all() -> None:
    """Update meetings after changes that were not announced. Runs every hour."""
    repair_meetings(clock.now())
