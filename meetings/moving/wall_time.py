"""Wall times that people enter, and how clock changes affect them. Pure."""

from datetime import date, datetime, time

from cohorts.errors import Refusal
from cohorts.zones import find_zone
from meetings.rhythm import instant

FIRST_YEAR, LAST_YEAR = 2000, 2999  # datetime fails close to the years 1 and 9999


def read_wall_time(day: date, wall_time: time, zone: str) -> datetime:
    """Return the moment, in UTC, at which clocks in an IANA zone show this time.

    If clocks show the time twice, the first is meant. Raises Refusal: time_skipped if clocks never
    show it, because guessing would surprise the user; bad_day for a year out of range.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Refusal("bad_day", f"The year {day.year} is out of range. Check the date.")
    moment = instant(day, wall_time, zone)
    if moment.astimezone(find_zone(zone)).replace(tzinfo=None) != datetime.combine(day, wall_time):
        raise Refusal(
            "time_skipped",
            f"{explain_gap(day, wall_time, zone)} Choose another time.",
        )
    return moment


def explain_gap(day: date, wall_time: time, zone: str) -> str:
    return (
        f"On {name_day(day)} the clocks in {zone} go forward, so {wall_time:%H:%M} does not exist."
    )


def explain_clock(moment: datetime, wall_time: time | None, zone: str) -> str:
    """Return a sentence if the wall time of a moment is ambiguous or was shifted, else "".

    `wall_time` is the intended wall time, None if it is not known.
    """
    local = moment.astimezone(find_zone(zone))
    day = name_day(local.date())
    if wall_time is not None and local.time() != wall_time:
        gap = explain_gap(local.date(), wall_time, zone)
        return f"{gap} The meeting begins at {local:%H:%M} that day."
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        which = "second" if local.fold else "first"
        return (
            f"On {day} the clocks in {zone} go back and show {local:%H:%M} twice. "
            f"The {which} of the two is used."
        )
    return ""


def name_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def name_moment(moment: datetime, zone: str) -> str:
    """Return "Wednesday 13 January 2027, 15:00 (Europe/Berlin)"."""
    local = moment.astimezone(find_zone(zone))
    return f"{local:%A} {name_day(local.date())}, {local:%H:%M} ({zone})"
