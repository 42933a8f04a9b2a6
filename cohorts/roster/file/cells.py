"""Parse the cells of a roster, column by column.

The value of an empty cell is None, or "" for text.  A parser raises CellError.
"""

import re
import unicodedata
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache, lru_cache, partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cohorts.models import Membership
from cohorts.models.courses import MAX_MEETINGS
from cohorts.models.people import normalize_email
from cohorts.roster.file.dates import DateOrder, parse_date
from cohorts.roster.file.decoding import LOST
from cohorts.roster.file.slots import parse_slot
from cohorts.roster.problems import CellError
from cohorts.validators import check_address, check_snowflake, zone_names
from cohorts.words import one_line

MAX_EMAIL_LENGTH = 254

# Excel turns a long number into 1.23457E+17, which loses all digits after the 15th.
_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?e\+?[0-9]+", re.IGNORECASE)


class LostLetters(CellError):
    """Letters that no encoding explains; the cause is the file, whatever the column."""


def parse_cell(column: str, text: str, dates: DateOrder) -> Any:
    """Return the value of one cell; `dates` is the order of the dates in its column.  Raises
    CellError."""
    if LOST in text:
        raise LostLetters(
            "Letters were lost: this is neither UTF-8 nor Windows-1252. Save the file as “CSV "
            "UTF-8” and try again."
        )
    cleaned = one_line(text)
    if any(unicodedata.category(letter) == "Cc" for letter in cleaned):
        raise CellError("This contains a control character. Retype the cell.")
    if column == "start_date":
        return parse_date(cleaned, dates)
    return _PARSERS[column](cleaned)


def _parse_name(text: str, *, longest: int, required: bool = True) -> str:
    if required and not text:
        raise CellError("This must not be empty.")
    if len(text) > longest:
        raise CellError(f"This has {len(text)} characters. The limit is {longest}.")
    return text


def _parse_number(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_MEETINGS:
        raise CellError(f"“{text}” is not a whole number from 1 to {MAX_MEETINGS}.")
    return int(text)


def _parse_zone(text: str) -> str | None:
    if not text or text in zone_names():
        return text or None
    known = _zones_in_lower_case()
    if text.lower() in known:
        return known[text.lower()]
    raise CellError(f"“{text}” is not a time zone. {_suggest_zone(text.lower())}")


@lru_cache(maxsize=1000)  # the same mistake is often on every line, and a search takes 2 ms
def _suggest_zone(text: str) -> str:
    known = _zones_in_lower_case()
    near = get_close_matches(text, known, n=1)
    return f"Did you mean {known[near[0]]}?" if near else "Use a name such as Europe/Berlin."


@cache
def _zones_in_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in sorted(zone_names())}


def _parse_email(text: str) -> str:
    email = normalize_email(text)
    if email is None:
        raise CellError("This must not be empty: people are identified by their e-mail address.")
    try:
        validate_email(email)
        check_address(email)
    except ValidationError:
        raise CellError(f"“{text}” is not an e-mail address.") from None
    if len(email) > MAX_EMAIL_LENGTH:
        raise CellError(f"An e-mail address has at most {MAX_EMAIL_LENGTH} characters.")
    return email


def _parse_discord_id(text: str) -> int | None:
    if not text:
        return None
    if _ROUNDED.fullmatch(text):
        raise CellError(
            "A spreadsheet rounded this number, as in 2.1E+17. Format the column as text, then "
            "enter the IDs again."
        )
    if not re.fullmatch("[0-9]{1,25}", text):
        raise CellError(
            f"“{text}” is not a Discord ID. It has 15 to 19 digits: in Discord, right-click the "
            "person and choose Copy User ID."
        )
    try:
        check_snowflake(int(text))
    except ValidationError as error:
        raise CellError(error.messages[0]) from None
    return int(text)


def _parse_role(text: str) -> str | None:
    role = text.lower()
    if role and role not in Membership.Role.values:
        raise CellError(f"“{text}” is not a role. Enter participant or facilitator.")
    return role or None


_PARSERS: dict[str, Callable[[str], Any]] = {
    "course": partial(_parse_name, longest=100),
    "cohort": partial(_parse_name, longest=100),
    "number_of_meetings": _parse_number,
    "group": partial(_parse_name, longest=80),
    "slot": lambda text: parse_slot(text) if text else None,
    "timezone": _parse_zone,
    "name": partial(_parse_name, longest=150, required=False),
    "email": _parse_email,
    "discord_id": _parse_discord_id,
    "role": _parse_role,
}
