"""Which groups are spoken to."""

from __future__ import annotations

from cohorts.messages.owed import NoLongerTrue
from cohorts.models import Group


def check_active(group: Group) -> None:
    """Raises NoLongerTrue unless the group, its cohort loaded, meets."""
    if not group.is_active:
        raise NoLongerTrue("The group is not active any more.")
