"""What the clock calls."""

from __future__ import annotations

from cohorts import clock
from meetings.services import repair_meetings


def repair_all() -> None:
    """Every hour: write what follows from facts that nobody announced."""
    repair_meetings(clock.now())
