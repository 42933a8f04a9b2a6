"""Names of meetings. Pure."""

from __future__ import annotations


def name_meeting(number: int | None) -> str:
    """Return a meeting's name within a sentence: "week 3", or "an extra session"."""
    return f"week {number}" if number else "an extra session"
