"""Times on staff pages: in the reader's zone, with the group's own time beside it.

The reader's zone is the current one: `StaffZoneMiddleware` activates it, and the foot of each page
names it.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

from cohorts.zones import find_zone, known_zone


def show_time(moment: datetime) -> str:
    """Return "Tue 5 Jan 2027, 18:00" in the reader's zone."""
    return date_format(localtime(moment), "DATETIME_FORMAT")


def show_local(moment: datetime, zone: str) -> str:
    """Return "Tue 12:00" on the clock of an IANA zone."""
    return f"{moment.astimezone(find_zone(zone)):%a %H:%M}"


def show_both(moment: datetime, zone: str) -> str:
    """Return "Tue 5 Jan 2027, 18:00 (12:00 America/New York)".

    The second time is that of the group's IANA zone, with its day if that differs. It is left out
    where clocks show the same.
    """
    here, there = localtime(moment), moment.astimezone(find_zone(zone))
    if here.utcoffset() == there.utcoffset():
        return show_time(moment)
    day = "" if here.date() == there.date() else f"{there:%a} "
    return f"{show_time(moment)} ({day}{there:%H:%M} {known_zone(zone).replace('_', ' ')})"
