"""Where groups meet.

Channels are managed by higher layers, which register functions in `settings.MEETING_VENUES`:
`(group_ids) -> Mapping[int, Venue]`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Venue:
    """A place to meet: its name, its URL, and its channel id in a chat that can link to it."""

    name: str
    url: str
    channel_id: int | None = None


def find_venues(group_ids: Collection[int]) -> dict[int, Venue]:
    """Return the venues by group id. Groups without a venue are left out."""
    venues: dict[int, Venue] = {}
    for path in settings.MEETING_VENUES:
        venues |= import_string(path)(group_ids)
    return venues
