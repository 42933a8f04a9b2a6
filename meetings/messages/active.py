"""Which groups are spoken to."""

from __future__ import annotations

from cohorts.messages.owed import NoLongerTrue
from cohorts.models import Cohort, Group


def check_active(group: Group) -> None:
    """Raises NoLongerTrue unless the group, its cohort loaded, meets."""
    if group.status != Group.Status.ACTIVE or group.cohort.status != Cohort.Status.OPEN:
        raise NoLongerTrue("The group is not active any more.")
