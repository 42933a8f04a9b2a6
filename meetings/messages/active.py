"""Check that a group still gets messages."""

from __future__ import annotations

from cohorts.models import Group
from cohorts.outbox.sources import NoLongerTrue


def check_active(group: Group) -> None:
    """Raise NoLongerTrue unless the group is active. Its cohort must be loaded."""
    if not group.is_active:
        raise NoLongerTrue("The group is no longer active.")
