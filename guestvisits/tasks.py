"""Scheduled tasks."""

from __future__ import annotations

from cohorts import clock
from guestvisits.services.updating import update_all_visits


def update_all() -> None:
    """Close visits that are over, and end those affected by unannounced changes. Every minute."""
    update_all_visits(clock.now())
