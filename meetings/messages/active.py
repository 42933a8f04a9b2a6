"""Check that a group still gets messages."""

from cohorts.models import Group
from cohorts.outbox.registry import MessageObsolete


def check_set_up(group: Group) -> None:
    """Raise MessageObsolete unless the group is set up. Its cohort must be loaded."""
    if not group.is_set_up:
        raise MessageObsolete("The group is not set up, or has ended.")
