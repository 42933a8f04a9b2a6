"""Times on staff pages: in the reader's zone, with the group's own time beside it.

The reader's zone is the current one: `StaffZoneMiddleware` activates it, and the foot of each page
names it.
"""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

from cohorts.zones import city_of, find_zone, known_zone


def show_time(moment: datetime) -> str:
    """Return "Tue 5 Jan 2027, 18:00" in the reader's zone."""
    return date_format(localtime(moment), "DATETIME_FORMAT")


def show_local(moment: datetime, zone: str) -> str:
    """Return "Tue 12:00" on the clock of an IANA zone."""
    return f"{moment.astimezone(find_zone(zone)):%a %H:%M}"


def show_both(moment: datetime, zone: str) -> str:
    """Return "Tue 5 Jan 2027, 18:00 (Tue 12:00 New York)": the second time is the group's own."""
    return f"{show_time(moment)} {show_beside(moment, zone)}".rstrip()


def show_beside(moment: datetime, zone: str) -> str:
    """Return "(Tue 12:00 New York)", the time in a group's IANA zone, to stand beside another time.

    It is "" where the reader's clock shows the same.
    """
    if localtime(moment).utcoffset() == moment.astimezone(find_zone(zone)).utcoffset():
        return ""
    return f"({show_local(moment, zone)} {city_of(known_zone(zone))})"
