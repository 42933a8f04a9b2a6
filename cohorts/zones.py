"""Look up time zones by name, with a fallback for unknown names that plain SQL has stored.
Pure."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FALLBACK = "UTC"


@cache
def zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str) -> str:
    """Return the name of the zone to show times in: UTC if the name is unknown."""
    return name if name in zone_names() else FALLBACK


def find_zone(name: str) -> ZoneInfo:
    """Return the zone to show times in: UTC if the name is unknown."""
    return ZoneInfo(known_zone(name))


def city_of(zone: str) -> str:
    """Return the last part of a zone's name: "New York"."""
    return zone.rpartition("/")[2].replace("_", " ")
