"""Checks of values that forms, addresses, roster lines and settings share."""

from collections.abc import Iterable
from datetime import date
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.http import url_has_allowed_host_and_scheme

from cohorts.countries import is_country
from cohorts.zones import zone_names

# Snowflakes encode the time since 2015: the smallest existing id has 15 digits, a 64-bit id at most
# 20.
SMALLEST_SNOWFLAKE = 10**14
LARGEST_SNOWFLAKE = 2**63 - 1

LARGEST_ID = 2**63 - 1
MOST_DAYS = 60

FIRST_YEAR, LAST_YEAR = 2000, 2100

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def check_address(email: str) -> None:
    """Reject an address without a public domain, such as `odd@localhost` or `a@[::1]`.

    Google rejects a whole series of invitations that contains one.  Raises ValidationError.
    """
    domain = email.rpartition("@")[2]
    if "." not in domain or domain.startswith("["):
        raise ValidationError(
            "%(email)s has no complete domain. Enter an address such as ada@example.org.",
            code="domain",
            params={"email": email},
        )


def check_country(code: str) -> None:
    """Reject what is not a country or region with known holidays ("DE", "DE-BE").  Raises
    ValidationError."""
    if not is_country(code):
        raise ValidationError(
            "%(code)s is not a known country or region. Use an ISO code such as DE or DE-BE.",
            code="country",
            params={"code": code},
        )


def check_zone(name: str) -> None:
    """Reject a name that is not an IANA zone ("Europe/Berlin").  Raises ValidationError."""
    if name not in zone_names():
        raise ValidationError(
            "%(name)s is not a time zone. Use an IANA name such as Europe/Berlin.",
            code="zone",
            params={"name": name},
        )


def check_year(day: date) -> None:
    """Reject a day or moment far from any term, such as 9999-12-31 for "no end".

    In another time zone it may be in the year 10000, which cannot be read from the database: one
    such row would stop every sync.  Raises ValidationError.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(
            "The year %(year)s is outside %(first)s to %(last)s. Check the date.",
            code="year",
            params={"year": day.year, "first": FIRST_YEAR, "last": LAST_YEAR},
        )


def check_snowflake(value: int) -> None:
    """Reject a number that cannot be a Discord id.  Raises ValidationError."""
    if not SMALLEST_SNOWFLAKE <= value <= LARGEST_SNOWFLAKE:
        raise ValidationError(
            "%(value)s is not a Discord ID. It has 15 to 19 digits: in Discord, right-click the "
            "person and choose Copy User ID.",
            code="snowflake",
            params={"value": value},
        )


def is_local(url: str) -> bool:
    """Return whether a URL is on this machine (a sandbox, a recording proxy)."""
    return urlsplit(url).hostname in LOCAL_HOSTS


def is_own_page(address: str) -> bool:
    """Return whether a text from outside is the path of a page of this site, to redirect to.

    It must begin with "/": `redirect` takes a single word for the name of a view.
    """
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)


def read_id(text: str) -> int:
    """Return the id in a text from outside, or 0, which no row has, if it is not a valid id.

    SQLite would raise OverflowError for a larger number.
    """
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))
    number = int(text) if is_number else 0
    return number if number <= LARGEST_ID else 0


def read_ids(texts: Iterable[str]) -> frozenset[int]:
    """Return the valid ids among the texts."""
    return frozenset(map(read_id, texts)) - {0}


class IdConverter:
    """An id in the address of a page: `<id:…>`.

    No IntConverter: reading settings loads this module, and must not load all of Django.
    """

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        number = read_id(value)
        if not number:
            raise ValueError("No row has such an id.")
        return number

    def to_url(self, value: int) -> str:
        return str(value)


def read_days(text: str) -> tuple[int, ...]:
    """Return the numbers of "7, 3, 1".  Raises ValueError for anything else."""
    return tuple(int(part) for part in text.split(",")) if text.strip() else ()


def check_days(text: str) -> None:
    """Reject anything but numbers of days from 1 to 60, such as "7, 3, 1".

    Raises ValidationError.
    """
    try:
        days = read_days(text)
    except ValueError:
        days = (0,)
    if not all(1 <= day <= MOST_DAYS for day in days):
        raise ValidationError(
            "Enter numbers of days from 1 to 60, separated by commas, such as 7, 3, 1.",
            code="days",
        )
