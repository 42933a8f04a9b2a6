"""Time zones by name, also where plain SQL has written a name that no zone has.  Pure."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FALLBACK = "UTC"


@cache
def zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str) -> str:
    """Return the name of the zone to show times in: UTC where the name is no zone's."""
    return name if name in zone_names() else FALLBACK


def find_zone(name: str) -> ZoneInfo:
    """Return the zone to show times in: UTC where the name is no zone's."""
    return ZoneInfo(known_zone(name))
