"""Who may move meetings."""

from __future__ import annotations

from cohorts.models import User
from meetings.selectors import facilitates


def may_move(user: User, group_id: int) -> bool:
    """Staff, and the group's own facilitators."""
    return user.is_staff or facilitates(user, group_id)
