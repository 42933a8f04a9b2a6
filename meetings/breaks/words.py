"""Words for dates and times in letters. Pure."""

from __future__ import annotations

from datetime import date, datetime

from cohorts.zones import find_zone, known_zone


def name_when(moment: datetime, zone: str) -> str:
    """Return "Tuesday 5 January, 18:00 (Berlin)" on the clock of an IANA zone."""
    local = moment.astimezone(find_zone(zone))
    city = known_zone(zone).rpartition("/")[2].replace("_", " ")
    return f"{local:%A} {name_date(local.date())}, {local:%H:%M} ({city})"


def name_date(day: date) -> str:
    return f"{day.day} {day:%B}"


def name_dates(first: date, last: date) -> str:
    """Return "21 December – 3 January", or one date."""
    return name_date(first) if first == last else f"{name_date(first)} – {name_date(last)}"


def one_line(name: str) -> str:
    return " ".join(name.split())
