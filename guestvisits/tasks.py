"""What the clock calls."""

from __future__ import annotations

from cohorts import clock
from guestvisits.services.settling import settle_all_visits


def settle_all() -> None:
    """Every minute: close visits that are over, and end those whose facts changed unannounced."""
    settle_all_visits(clock.now())
