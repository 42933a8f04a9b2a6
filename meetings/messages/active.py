"""Check that a group still gets messages."""

from __future__ import annotations

from cohorts.models import Group
from cohorts.outbox.registry import MessageObsolete


def check_active(group: Group) -> None:
    """Raise MessageObsolete unless the group is active. Its cohort must be loaded."""
    if not group.is_active:
        raise MessageObsolete("The group is no longer active.")
