"""Ids from URLs (`<id:…>`) and form fields.

Numbers too large for the database are rejected: SQLite would raise OverflowError for them.
"""

from collections.abc import Iterable

from django.urls import register_converter
from django.urls.converters import IntConverter

LARGEST_ID = 2**63 - 1
DIGITS = len(str(LARGEST_ID))


def read_id(text: str) -> int:
    """Return the id in a text, or 0, which no row has, if it is not a valid id."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= DIGITS
    number = int(text) if is_number else 0
    return number if number <= LARGEST_ID else 0


def read_ids(texts: Iterable[str]) -> frozenset[int]:
    """Return the valid ids among the texts."""
    return frozenset(map(read_id, texts)) - {0}


class IdConverter(IntConverter):
    def to_python(self, value: str) -> int:
        number = read_id(value)
        if not number:
            raise ValueError("No row has such an id.")
        return number


register_converter(IdConverter, "id")
