"""Make and read the ids that we choose for events, and the mark inside them. Pure.

Google accepts a chosen id only once, for ever: inserting it again fails with 409. So nothing is
created twice, and an event whose creation returned no response is found again. An id may contain
only a-v and 0-9, which is base32hex in lower case. It never contains `_`, so that what Google
appends can be recognized:

    id                       ours, of a series or of a single event
    id_20261118T140000Z      one occurrence, named by its original start in UTC
    id_R20261118T140000      the part that was split off by hand ("this and all following") there

Occurrences of that part are named without its `_R…`; only `recurringEventId` identifies their
series.
"""

import re
from base64 import b32hexdecode, b32hexencode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_APPENDED = re.compile(r"_R?\d{8}(T\d{6}Z?)?")
_SPLIT = re.compile(r"_R\d{8}(T\d{6}Z?)?")
_OCCURRENCE = re.compile(r"(.+)_(\d{8}T\d{6}Z)")
_NAMES = ("group_id", "generation", "meeting_id", "person_id")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which group, meeting and guest an event is for.

    Without `meeting_id` the event is a group's series, with it a single event for that meeting, and
    with `person_id` too an event for this guest alone. A deleted id cannot be used again, so the
    next event has a new generation.
    """

    installation: str
    group_id: int
    generation: int
    meeting_id: int | None = None
    person_id: int | None = None


def make_id(mark: Mark) -> str:
    """Return the id: at most about 150 characters, where Google allows 1024."""
    text = ":".join(_numbers(mark).values()) + "|" + mark.installation
    return b32hexencode(text.encode()).decode().rstrip("=").lower()


def read_id(event_id: str) -> Mark | None:
    """Return the mark in an id that `make_id` made, or None for any other id."""
    base = base_of(event_id).upper()
    try:
        text = b32hexdecode(base + "=" * (-len(base) % 8)).decode()
    except ValueError:
        return None
    numbers, bar, installation = text.partition("|")
    named = dict(zip(_NAMES, numbers.split(":"), strict=False))
    return _read(installation, named) if bar else None


def to_properties(mark: Mark) -> dict[str, str]:
    """Return the mark as private extended properties, which only we can read and write."""
    named = {f"lens_{name}": number for name, number in _numbers(mark).items()}
    return {"lens_installation": mark.installation, **named}


def from_properties(properties: Mapping[str, str]) -> Mark | None:
    named = {name: properties[f"lens_{name}"] for name in _NAMES if f"lens_{name}" in properties}
    return _read(properties.get("lens_installation", ""), named)


def occurrence_id(series_id: str, original: datetime) -> str:
    """Return the id of the occurrence with this original start."""
    return f"{series_id}_{original.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def read_occurrence(event_id: str) -> tuple[str, datetime] | None:
    """Return the series id and original start that an occurrence's id names, or None."""
    found = _OCCURRENCE.fullmatch(event_id)
    try:
        return (found[1], datetime.fromisoformat(found[2])) if found else None
    except ValueError:
        return None


def base_of(event_id: str) -> str:
    """Return the id without what Google appended to it."""
    while (found := list(_APPENDED.finditer(event_id))) and found[-1].end() == len(event_id):
        event_id = event_id[: found[-1].start()]
    return event_id


def is_split_off(series_id: str) -> bool:
    return bool(_SPLIT.search(series_id))


def _numbers(mark: Mark) -> dict[str, str]:
    values = {name: getattr(mark, name) for name in _NAMES}
    return {name: str(value) for name, value in values.items() if value is not None}


def _read(installation: str, named: Mapping[str, str]) -> Mark | None:
    if not installation or not {"group_id", "generation"} <= set(named):
        return None
    if not all(number.isdecimal() for number in named.values()):
        return None
    return Mark(installation, **{name: int(number) for name, number in named.items()})
