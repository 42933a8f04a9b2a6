"""Parse and format weekly slots.

    Wednesday 15:00                  60 minutes
    Wednesday 15:00-16:30            90 minutes
    Sunday 23:30 - Monday 00:30      begins on Sunday
    Sunday 23:30-00:30               the same
    Sunday 23:00-24:00               midnight, as an end
    Wednesday 7pm - 8:30 p.m.        19:00 to 20:30
    Wednesday 19.00, 19:00 Uhr       19:00
    TBD                              not decided yet

A weekday may be shortened to three letters or more, in any case, and be a plural: Wed, tues,
Sundays.
"""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from difflib import get_close_matches
from typing import Final

from cohorts.roster.problems import CellError

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
USUAL_MINUTES = 60
SHORTEST, LONGEST = 5, 1440  # minutes; as in the database constraint
SHORTEST_WEEKDAY = 3  # letters
MINUTES_A_DAY = 1440

_TIME = r"[0-9]{1,2}(?:[:.][0-9]{2})?(?:\s*(?:[ap]\.?\s?m\.?|uhr|h)(?!\w))?"
_DAY = r"[^\W\d_]+"
_SLOT = re.compile(
    rf"(?P<day>{_DAY})[.,]?\s+(?:at\s+)?(?P<start>{_TIME})"
    rf"(?:(?:\s*[-–—]\s*|\s+to\s+)(?:(?P<end_day>{_DAY})[.,]?\s+)?(?P<end>{_TIME}))?",
    re.IGNORECASE,
)
_TIME_OF_DAY = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))?\s*(?:(?P<half>[ap])|(?P<hours>uhr|h))?.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RosterSlot:
    """A weekly slot: weekday (0 is Monday), wall time of the start, and duration in minutes."""

    weekday: int
    start_time: time
    duration_minutes: int = USUAL_MINUTES

    def __str__(self) -> str:
        return render_slot(self)


TBD: Final = "TBD"


def parse_slot(text: str) -> RosterSlot | str:
    """Return a Slot, or TBD.  Raises CellError."""
    if text.upper() == TBD:
        return TBD
    match = _SLOT.fullmatch(text)
    if match is None:
        raise CellError(_tell_shape(text))
    weekday = _parse_weekday(match["day"])
    if match["end"] and _names_half(match["start"]) != _names_half(match["end"]):
        raise CellError("Enter am or pm after both times, for example Wednesday 7pm-8pm.")
    start = _parse_minutes(match["start"])
    if start == MINUTES_A_DAY:
        raise CellError("A day begins at 00:00. Use 24:00 only as an end time.")
    minutes = USUAL_MINUTES
    if match["end"]:
        minutes = _count_minutes(weekday, start, match["end_day"], match["end"])
    return RosterSlot(weekday, time(*divmod(start, 60)), minutes)


def render_slot(slot: RosterSlot) -> str:
    """Format the slot with its end, as parse_slot reads it."""
    begin = timedelta(hours=slot.start_time.hour, minutes=slot.start_time.minute)
    end = begin + timedelta(minutes=slot.duration_minutes)
    end_time = f"{end.seconds // 3600:02}:{end.seconds // 60 % 60:02}"
    begun = f"{WEEKDAYS[slot.weekday]} {slot.start_time:%H:%M}"
    if end.days == 0:
        return f"{begun}-{end_time}"
    return f"{begun} - {WEEKDAYS[(slot.weekday + end.days) % 7]} {end_time}"


def name_time(slot: RosterSlot | None, zone: str) -> str:
    return f"{slot}, {zone}" if slot else "no weekly time yet"


def _tell_shape(text: str) -> str:
    if re.fullmatch(_TIME, text, re.IGNORECASE):
        return f"“{text}” has no weekday. Enter both in one cell, for example Wednesday 15:00."
    return (
        f"“{text}” is not a weekly time. Enter Wednesday 15:00, Wednesday 15:00-16:30, Sunday "
        "23:30 - Monday 00:30 or TBD."
    )


def _parse_weekday(word: str) -> int:
    asked = word.lower()
    if len(asked) >= SHORTEST_WEEKDAY:
        for weekday, name in enumerate(WEEKDAYS):
            if f"{name}s".lower().startswith(asked):
                return weekday
    near = get_close_matches(word.capitalize(), WEEKDAYS, n=1, cutoff=0.7)
    hint = f"Did you mean {near[0]}?" if near else "Use the English names, such as Wednesday."
    raise CellError(f"“{word}” is not a weekday. {hint}")


def _names_half(text: str) -> bool:
    """Return whether a time says am or pm."""
    match = _TIME_OF_DAY.fullmatch(text)
    return match is not None and match["half"] is not None


def _parse_minutes(text: str) -> int:
    """Return the minutes since midnight; 24:00 is 1440."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match is None or not (match["minute"] or match["half"] or match["hours"]):
        raise CellError(f"“{text}” is not a time of day. Enter {text}:00, or add am or pm.")
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise CellError(f"{text} is not a time of day. With am or pm, hours go from 1 to 12.")
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    minutes = hour * 60 + minute
    if minute >= 60 or minutes > MINUTES_A_DAY:
        raise CellError(f"{text} is not a time of day.")
    return minutes


def _count_minutes(weekday: int, start: int, end_day: str | None, end_text: str) -> int:
    """Return the minutes from the start to an end on the same day or, across midnight, the next."""
    end = _parse_minutes(end_text)
    if end_day:
        end += (_parse_weekday(end_day) - weekday) % 7 * MINUTES_A_DAY
    elif end < start:
        end += MINUTES_A_DAY
    minutes = end - start
    if not SHORTEST <= minutes <= LONGEST:
        raise CellError("A meeting lasts from 5 minutes to 24 hours, and ends after it starts.")
    return minutes
