"""Look up whether people can receive direct messages.

Higher layers know this: they register functions in `dm_statuses` that return the status by user id,
with a constant number of queries.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import Enum

from cohorts.registries import Registry


class DmStatus(Enum):
    OPEN = "open"  # a message can be sent now
    WAITS = "waits"  # later: the limit on first direct messages is reached
    CLOSED = "closed"  # a message was refused, or no one can receive any
    NEVER = "never"  # the person has not used the bot


ReadDmStatuses = Callable[[Collection[int], datetime], Mapping[int, DmStatus]]

dm_statuses: Registry[ReadDmStatuses] = Registry("readers of DM channels")


def find_dm_statuses(user_ids: Collection[int], now: datetime) -> Mapping[int, DmStatus]:
    """Return the state of DM channels by user id; a person who is missing has no channel."""
    found: dict[int, DmStatus] = {}
    for read in dm_statuses.values() if user_ids else ():
        found |= read(user_ids, now)
    return found


def find_dm_status(user_id: int, now: datetime) -> DmStatus:
    return find_dm_statuses([user_id], now).get(user_id, DmStatus.NEVER)
