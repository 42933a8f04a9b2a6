"""When a group is over, and until when its people can read its channels.  Pure.

    the group and its cohort continue                no archive
    one of them has ended                            from that moment, for the cohort's archive days
    both have ended                                  from the earlier moment
    it is not known when it ended                    no archive: nothing stays open

Its readers are those who were members at the end: people who had left before are not, also those
who had moved to another group. People whom a merge moves leave at the very moment of the end. Nor
are people readers who have dropped out of the cohort since, or were removed from it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

DROPPED, REMOVED = "dropped", "removed"
ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class ArchiveWindow:
    """The time in which the last members of an ended group can read its channels."""

    begins_at: datetime
    ends_at: datetime

    def is_open(self, now: datetime) -> bool:
        return self.begins_at <= now < self.ends_at


def archive_window(ends: Collection[datetime | None], days: int) -> ArchiveWindow | None:
    """Return the window.  `ends`: when the group or its cohort ended, for each that has; None if
    that is not known."""
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    return ArchiveWindow(min(known), min(known) + timedelta(days=days))


def was_last_member(status: str, left_at: datetime | None, group_ended_at: datetime | None) -> bool:
    """Return whether a membership lasted until the end.

    It is still active if only the cohort has ended; otherwise it ended with its group.
    """
    if status == ACTIVE:
        return True
    return status != DROPPED and left_at is not None and left_at == group_ended_at


def was_let_go(status: str, left_at: datetime | None, group_ended_at: datetime | None) -> bool:
    """Return whether a membership ended for this person alone, not with its group."""
    return status == DROPPED or (status == REMOVED and left_at != group_ended_at)
