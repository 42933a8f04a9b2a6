"""Values of changes: stored as JSON, with people and groups by id, and shown to people.

a person, group or cohort    {"person": 7}, {"group": 3}, {"cohort": 1}
a moment                     {"at": "2027-01-11T18:00:00+00:00"}, shown in the reader's zone
anything else                its text; "" for nothing
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cohorts.models import Cohort, Group, User

LONGEST_TEXT = 500
_BY_ID = {User: "person", Group: "group", Cohort: "cohort"}


def encode_changes(changes: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
    return {label: [encode(value) for value in values] for label, values in changes.items()}


def encode(value: Any) -> Any:
    """Return a value as it is stored."""
    if type(value) in _BY_ID:
        return {_BY_ID[type(value)]: value.pk}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, dict):
        return value
    if isinstance(value, list | tuple | set | frozenset | QuerySet):
        return [encode(one) for one in value]
    return _text_of(value)[:LONGEST_TEXT]


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def groups_by_id(ids: Iterable[int]) -> list[dict[str, int]]:
    """Return groups as values of a change."""
    return [{"group": pk} for pk in dict.fromkeys(ids)]


def people_by_id(ids: Iterable[int]) -> list[dict[str, int]]:
    """Return people as values of a change."""
    return [{"person": pk} for pk in dict.fromkeys(ids)]
