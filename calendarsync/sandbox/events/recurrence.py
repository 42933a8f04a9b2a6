"""Compute the occurrences of a recurring event, in its zone's wall time across clock changes."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, takewhile

from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]

from calendarsync.sandbox.errors import invalid
from calendarsync.sandbox.times import LAST_YEAR, When, instant, zone

LINE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)((?:;[A-Z-]+=[^:;]+)*):(.+)")
UNTIL = re.compile(r"UNTIL=([^;]+)")
FREQUENCY = re.compile(r"(?:^|;)FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$)")
UTC_STAMP = re.compile(r"\d{8}T\d{6}Z")
# Google expands endless series only up to a limit; tests need no more than this.
MOST_OCCURRENCES = 730


def is_recurring(fields: dict) -> bool:
    return bool(fields.get("recurrence"))


def stamps(fields: dict, *, exdates: bool = True) -> tuple[str, ...]:
    """Return the stamps of all occurrences in order; with `exdates=False`, excluded ones too."""
    dropped = () if exdates else ("EXDATE", "EXRULE")
    lines = tuple(line for line in fields["recurrence"] if not line.startswith(dropped))
    return _expand(tuple(sorted(fields["start"].items())), lines)


@lru_cache(maxsize=4096)
def _expand(start: tuple[tuple[str, str], ...], lines: tuple[str, ...]) -> tuple[str, ...]:
    when = dict(start)
    rules = rruleset()
    for line in lines:
        _add(rules, line, when)
    walls = islice(takewhile(lambda wall: wall.year <= LAST_YEAR, rules), MOST_OCCURRENCES)
    return tuple(_stamp(wall, when) for wall in walls)


def _add(rules: rruleset, line: str, when: When) -> None:
    kind, parameters, value = LINE.fullmatch(line).groups()  # type: ignore[union-attr]
    if kind in ("RRULE", "EXRULE"):
        rule = rrulestr(_wall_until(value, when), dtstart=_wall(when))
        (rules.rrule if kind == "RRULE" else rules.exrule)(rule)
        return
    for text in value.split(","):
        wall = _wall_of(text, parameters, when)
        (rules.rdate if kind == "RDATE" else rules.exdate)(wall)


def _wall(when: When) -> datetime:
    """Return the start as naive wall time in the event's own zone."""
    if "date" in when:
        return datetime.fromisoformat(when["date"])
    return instant(when).astimezone(zone(when["timeZone"])).replace(tzinfo=None)


def _wall_until(rule: str, when: When) -> str:
    """Convert the rule's UNTIL from UTC to wall time, which the expansion uses."""
    found = UNTIL.search(rule)
    if not found or "date" in when:
        return rule
    until = datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    wall = until.astimezone(zone(when["timeZone"]))
    return UNTIL.sub(f"UNTIL={wall:%Y%m%dT%H%M%S}", rule)


def _wall_of(text: str, parameters: str, when: When) -> datetime:
    if "date" in when or "VALUE=DATE" in parameters.split(";"):
        day = datetime.strptime(text[:8], "%Y%m%d")  # noqa: DTZ007 - wall time has no zone
        return datetime.combine(day, _wall(when).time())
    if text.endswith("Z"):
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return moment.astimezone(zone(when["timeZone"])).replace(tzinfo=None)
    named = re.search(r"TZID=([^;:]+)", parameters)
    own = zone(named[1] if named else when["timeZone"])
    moment = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=own)
    return moment.astimezone(zone(when["timeZone"])).replace(tzinfo=None)


def _stamp(wall: datetime, when: When) -> str:
    if "date" in when:
        return f"{wall:%Y%m%d}"
    return f"{wall.replace(tzinfo=zone(when['timeZone'])).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def start_of(stamp: str, start: When) -> When:
    """Return the start of the occurrence with this stamp, in the form of the series' own start."""
    if "date" in start:
        return {"date": date.fromisoformat(stamp).isoformat()}
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return {**start, "dateTime": moment.isoformat().replace("+00:00", "Z")}


def end_of(stamp: str, start: When, end: When) -> When:
    length = instant(end) - instant(start)
    begins = instant(start_of(stamp, start))
    if "date" in start:
        return {"date": (begins + length).date().isoformat()}
    return {**end, "dateTime": (begins + length).isoformat().replace("+00:00", "Z")}


def check_recurrence(lines: object, start: When) -> list[str]:
    """Return the lines if all are valid and give an occurrence; otherwise raise GoogleError."""
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise invalid("Invalid recurrence rule.")
    for line in lines:
        _check_line(line, start)
    try:
        count = len(_expand(tuple(sorted(start.items())), tuple(lines)))
    except (ValueError, KeyError, TypeError, OverflowError):
        raise invalid("Invalid recurrence rule.") from None
    if lines and not count:
        raise invalid("Invalid recurrence rule.")
    return lines


def _check_line(line: str, start: When) -> None:
    found = LINE.fullmatch(line)
    if not found:
        raise invalid("Invalid recurrence rule.")
    if found[1] in ("RRULE", "EXRULE"):
        _check_rule(found[3], start)


def _check_rule(rule: str, start: When) -> None:
    until = UNTIL.search(rule)
    if not FREQUENCY.search(rule) or (until and "COUNT=" in rule):
        raise invalid("Invalid recurrence rule.")
    # RFC 5545: the end of a rule is written in UTC when the start has a time zone.
    if until and "dateTime" in start and not UTC_STAMP.fullmatch(until[1]):
        raise invalid("Invalid recurrence rule.")


def cut_before(lines: list[str], stamp: str, start: When) -> list[str]:
    """Return the lines with their rule ending on the day before the occurrence `stamp`."""
    return [_cut(line, stamp, start) if line.startswith("RRULE") else line for line in lines]


def _cut(line: str, stamp: str, start: When) -> str:
    parts = line.removeprefix("RRULE:").split(";")
    kept = [part for part in parts if not part.startswith(("COUNT=", "UNTIL="))]
    return "RRULE:" + ";".join([*kept, f"UNTIL={_day_before(stamp, start)}"])


def _day_before(stamp: str, start: When) -> str:
    """Return the last second of the day before in the event's own zone, written in UTC."""
    if "date" in start:
        return f"{date.fromisoformat(stamp) - timedelta(days=1):%Y%m%d}"
    own = zone(start["timeZone"])
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    midnight = datetime.combine(moment.astimezone(own).date(), time(), own)
    return f"{midnight.astimezone(UTC) - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"


def shorten(lines: list[str], by: int) -> list[str]:
    """Return the lines with `by` fewer occurrences, if their rule has a COUNT."""
    return [
        re.sub(r"COUNT=(\d+)", lambda found: f"COUNT={int(found[1]) - by}", line)
        if line.startswith("RRULE")
        else line
        for line in lines
    ]
