"""Read the dates of a column, in which all are written the same way.

2027-01-12   2027/1/12      year first
12.01.2027                  day first, as everywhere where dates have dots
13/01/2027   13-01-2027     day first, because no month has that number
12/01/2027                  as a clearer date of the column says; unclear if there is none
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cohorts.roster.problems import CellError
from cohorts.validators import FIRST_YEAR, LAST_YEAR
from cohorts.words import one_line

_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}")
_MIDNIGHT = re.compile(r"[ T]00?:00(:00)?(\.0+)?")  # a spreadsheet's date with a time
_SERIAL = re.compile(r"[2-8][0-9]{4}")  # days since 1900: the years 1954 to 2146

_FORMAT = "in a spreadsheet, give the column the format yyyy-mm-dd"


@dataclass(frozen=True, slots=True)
class DateOrder:
    """What the dates of a column show together.

    `day_first` is None if they do not show which number is the day.  `unclear` is the first date
    that would need it; `example` the first one that does not have the year first.
    """

    day_first: bool | None = None
    unclear: str = ""
    example: str = ""

    @property
    def note(self) -> str:
        """Say how the dates were read; "" if that goes without saying, or if they were not."""
        if not self.example or (self.unclear and self.day_first is None):
            return ""
        shown = self.unclear or self.example
        try:
            day = _read(shown, self)
        except ValueError:
            return ""
        return f"Dates: {shown} was read as {_name(day)}."


def find_order(texts: Iterable[str]) -> DateOrder:
    """Return the order that the dates of a column have."""
    day_first: set[bool] = set()
    unclear = example = ""
    for text in dict.fromkeys(texts):
        match = _YEAR_LAST.fullmatch(_without_time(one_line(text)))
        if match is None:
            continue
        example = example or match[0]
        first, second = int(match[1]), int(match[3])
        if match[2] == "." or first == second:
            continue
        if _both_are_months(first, second):
            unclear = unclear or match[0]
        else:
            day_first.add(first > 12)
    return DateOrder(day_first.pop() if len(day_first) == 1 else None, unclear, example)


def _both_are_months(first: int, second: int) -> bool:
    return 1 <= first <= 12 and 1 <= second <= 12


def parse_date(text: str, order: DateOrder) -> date | None:
    """Return a date; None for an empty text.  Raises CellError."""
    if not text:
        return None
    written = _without_time(text)
    try:
        day = _read(written, order)
    except CellError:
        raise
    except ValueError:
        raise CellError(
            f"“{text}” is not a date. Enter year-month-day, for example 2027-01-11."
        ) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CellError(f"{text} is outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return day


def _without_time(text: str) -> str:
    found = _MIDNIGHT.search(text)
    return text[: found.start()] if found and found.end() == len(text) else text


def _read(text: str, order: DateOrder) -> date:
    """Raises ValueError, as a CellError if there is more to say than that it is not a date."""
    if match := _YEAR_FIRST.fullmatch(text):
        return date(int(match[1]), int(match[3]), int(match[4]))
    if match := _YEAR_LAST.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if _has_day_first(match[2], first, second, order):
            return date(year, second, first)
        return date(year, first, second)
    if _SHORT_YEAR.fullmatch(text):
        raise CellError(
            f"“{text}” has a year of two digits. Enter year-month-day, for example 2027-01-11; "
            f"{_FORMAT}."
        )
    if _SERIAL.fullmatch(text):
        raise CellError(
            f"“{text}” is a spreadsheet's number for a date. Enter year-month-day, for example "
            f"2027-01-11; {_FORMAT}."
        )
    raise ValueError(text)


def _has_day_first(separator: str, first: int, second: int, order: DateOrder) -> bool:
    if separator == "." or first == second:
        return True
    if not _both_are_months(first, second):
        return first > 12
    if order.day_first is None:
        raise CellError(_explain(order.unclear))
    return order.day_first


def _explain(unclear: str) -> str:
    """Explain unclear dates by the first one: for the whole column there is one cause."""
    first, second, year = (int(part) for part in re.split("[-/]", unclear))
    one, other = date(year, second, first), date(year, first, second)
    return (
        f"{unclear} could be {_name(one)} or {_name(other)}. Enter year-month-day, for example "
        f"{one}; {_FORMAT}."
    )


def _name(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
