"""Words for dates, numbers and names, in messages and on pages. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo

from cohorts.zones import city_of, find_zone, known_zone


def name_when(moment: datetime, zone: str) -> str:
    """Return "Tuesday 5 January, 18:00 (Berlin)" on the clock of an IANA zone."""
    local = moment.astimezone(find_zone(zone))
    return f"{local:%A} {name_date(local.date())}, {local:%H:%M} ({city_of(known_zone(zone))})"


def name_date(day: date) -> str:
    return f"{day.day} {day:%B}"


def abbreviate_date(day: date) -> str:
    """Return a date for the narrow labels of a chart, such as "29 Nov"."""
    return f"{day.day} {day:%b}"


def name_dates(first: date, last: date) -> str:
    """Return "21 December – 3 January", or one date."""
    return name_date(first) if first == last else f"{name_date(first)} – {name_date(last)}"


def one_line(text: str) -> str:
    return " ".join(text.split())


def name_wait(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return how long it is until a moment: "in 20 minutes", "in 3 hours", "tomorrow" or "in 2
    days", by the dates on the clock of a zone."""
    minutes = max(1, round((moment - now) / timedelta(minutes=1)))
    days = (moment.astimezone(zone).date() - now.astimezone(zone).date()).days
    if minutes < 60:
        return f"in {count(minutes, 'minute')}"
    if days == 0 or minutes < 6 * 60:
        return f"in {count(round(minutes / 60), 'hour')}"
    return "tomorrow" if days == 1 else f"in {count(days, 'day')}"


def name_day(moment: datetime, zone: str) -> str:
    """Return the date of a moment on the clock of an IANA zone: "5 January"."""
    return name_date(moment.astimezone(find_zone(zone)).date())


def count(number: int, noun: str) -> str:
    """Return "1 meeting" or "2 meetings"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def count_people(number: int) -> str:
    """Return "1 person" or "2 people"."""
    return "1 person" if number == 1 else f"{number} people"


def join_names(names: Iterable[str]) -> str:
    """Return "A", "A and B" or "A, B and C"; "" without names."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last
