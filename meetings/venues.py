"""Where groups meet.

Channels are managed by higher layers, which register functions that return the venues by group id.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class Venue:
    """A place to meet: its name, its URL, and its channel id in a chat that can link to it."""

    name: str
    url: str
    channel_id: int | None = None


FindVenues = Callable[[Collection[int]], Mapping[int, Venue]]

venues: Registry[FindVenues] = Registry("meeting venues")


def find_venues(group_ids: Collection[int]) -> dict[int, Venue]:
    """Return the venues by group id. Groups without a venue are left out."""
    found: dict[int, Venue] = {}
    for find in venues.values():
        found |= find(group_ids)
    return found
