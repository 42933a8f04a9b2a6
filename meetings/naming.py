"""What meetings are called.  Pure."""

from __future__ import annotations


def name_meeting(number: int | None) -> str:
    """Return how sentences call a meeting: "week 3", or "an extra session"."""
    return f"week {number}" if number else "an extra session"
