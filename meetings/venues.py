"""Where a group meets.  What stands outside is known on higher floors only, which say it here.

settings.MEETING_VENUES names functions `(group_ids) -> Mapping[int, Venue]`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Venue:
    """A place to meet: what to call it, its address, and its id in a chat that can link to it."""

    name: str
    url: str
    channel_id: int | None = None


def find_venues(group_ids: Collection[int]) -> dict[int, Venue]:
    """By group; a group that has none yet is left out."""
    venues: dict[int, Venue] = {}
    for path in settings.MEETING_VENUES:
        venues |= import_string(path)(group_ids)
    return venues
