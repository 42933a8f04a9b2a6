"""Check that a group still gets messages."""

from __future__ import annotations

from cohorts.messages.owed import NoLongerTrue
from cohorts.models import Group


def check_active(group: Group) -> None:
    """Raise NoLongerTrue unless the group is active. Its cohort must be loaded."""
    if not group.is_active:
        raise NoLongerTrue("The group is no longer active.")
