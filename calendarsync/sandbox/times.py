"""Read, check and write Google's `{"dateTime", "timeZone"}` and `{"date"}`."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from calendarsync.sandbox.errors import bad_request, invalid, required

When = dict[str, str]
KEYS = {"date", "dateTime", "timeZone"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
# Python cannot convert times between all zones outside these years.
FIRST_YEAR, LAST_YEAR = 1900, 2999
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return the zone; raise ValueError for a name that is not an IANA zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone") from error


def check_when(side: str, when: Any, *, recurring: bool) -> When:
    """Return an event's `start` or `end` in normal form. `side` names it in errors."""
    if not isinstance(when, dict) or not set(when) <= KEYS:
        raise invalid(f"Invalid {side} time.")
    given = {key: value for key, value in when.items() if value is not None}
    if not all(isinstance(value, str) for value in given.values()):
        raise invalid(f"Invalid {side} time.")
    if ("date" in given) == ("dateTime" in given):
        raise invalid(f"Invalid {side} time.")
    _check_zone(side, given.get("timeZone"))
    return _check_day(side, given) if "date" in given else _check_moment(side, given, recurring)


def _check_zone(side: str, name: str | None) -> None:
    try:
        zone(name or "UTC")
    except ValueError:
        raise invalid(f"Invalid time zone definition for {side} time.") from None


def _check_day(side: str, given: When) -> When:
    try:
        day = date.fromisoformat(given["date"]) if DAY.fullmatch(given["date"]) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise invalid(f"Invalid {side} time.")
    return {"date": given["date"]}


def _check_moment(side: str, given: When, recurring: bool) -> When:
    name = given.get("timeZone")
    moment = _parse(side, given["dateTime"])
    if name is None and (recurring or moment.tzinfo is None):
        raise required(f"Missing time zone definition for {side} time.")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise invalid(f"Invalid {side} time.")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(str(name)))
    kept = {"dateTime": write(moment.replace(microsecond=0), UTC)}
    return {**kept, "timeZone": name} if name else kept


def _parse(side: str, text: str) -> datetime:
    if not RFC3339.fullmatch(text):
        raise invalid(f"Invalid {side} time.")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise invalid(f"Invalid {side} time.") from None


def read_instant(text: str) -> datetime:
    """Return the moment in a query parameter, which must be RFC 3339 with an offset."""
    try:
        moment = datetime.fromisoformat(text.upper()) if RFC3339.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise bad_request()
    return moment


def instant(when: When, calendar_zone: str = "UTC") -> datetime:
    """Return the moment in UTC. A day begins at midnight in the calendar's zone."""
    if "dateTime" in when:
        return datetime.fromisoformat(when["dateTime"]).astimezone(UTC)
    midnight = datetime.combine(date.fromisoformat(when["date"]), time(), zone(calendar_zone))
    return midnight.astimezone(UTC)


def write(moment: datetime, tz: Any) -> str:
    return moment.astimezone(tz).isoformat().replace("+00:00", "Z")


def localize(when: When, zone_name: str) -> When:
    """Return the same moment, written in another zone; the event's own `timeZone` stays."""
    if "dateTime" not in when:
        return dict(when)
    return {**when, "dateTime": write(instant(when), zone(zone_name))}


def length(start: When, end: When) -> timedelta:
    """Return the time between; raise GoogleError unless both are days or both are moments."""
    if ("date" in start) != ("date" in end):
        raise invalid("Invalid start time.")
    return instant(end) - instant(start)


def timestamp(moment: datetime, *, seconds: bool = False) -> str:
    """Return `2026-11-20T14:00:00.000Z`. Google stores `created` to the second."""
    if seconds:
        moment = moment.replace(microsecond=0)
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
