"""Settings for behaviour that Google's documentation leaves open, and for test scenarios."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from calendarsync.sandbox.times import zone

# From the fewest rights to the most.
ROLES = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")


def _one_of(*choices: Any) -> Callable[[Any], bool]:
    return lambda value: value in choices


def _is_zone(value: Any) -> bool:
    if isinstance(value, str):
        zone(value)
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_quota(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


Check = Callable[[Any], bool]
# Each setting's default, and the check of another value.
SETTINGS: dict[str, tuple[Any, Check]] = {
    "summary": ("Lens", lambda value: isinstance(value, str)),
    "time_zone": ("UTC", _is_zone),
    "access_role": ("owner", _one_of(*ROLES)),
    # How a write to a series changes the attendees of its exceptions: not documented.
    "exceptions": ("left_alone", _one_of("left_alone", "overwritten", "merged")),
    # Who gets an e-mail if only the attendees change: not documented.
    "mails": ("everybody", _one_of("everybody", "concerned")),
    # Google may reset an answer that the organizer writes for another person.
    "set_responses": ("reset", _one_of("reset", "honoured")),
    # Whether the service account may invite people, and how many invitations are left.
    "delegation": (True, _is_flag),
    "quota": (None, _is_quota),
    "organizer_attends": (False, _is_flag),
    # Addresses that Google lists under another one, and addresses that it rejects.
    "aliases": (
        {},
        lambda value: isinstance(value, dict) and _are_texts([*value, *value.values()]),
    ),
    "refuses": ([], _are_texts),
    # Whether a write changes the ETag of the event alone ("own") or of its whole family.
    "etags": ("family", _one_of("own", "family")),
    # Fields to leave out of answers: all except id and status may be missing.
    "left_out": ([], lambda value: _are_texts(value) and not {"id", "status"} & set(value)),
    # How much a cancelled event contains in a list: everything as in 2015 ("whole"), names as
    # recorded since, details only of events that are no occurrences, or less than names ("bare").
    "cancelled": ("named", _one_of("whole", "detailed", "named", "bare")),
    # Whether a part split off with another time keeps our private properties: not known.
    "moved_part": ("unmarked", _one_of("unmarked", "marked")),
    "google_domains": (["gmail.com"], _are_texts),
    "page_size": (2500, _is_count),
    # Whether every page of a listing names a next one.
    "endless": (False, _is_flag),
    "token_days": (7, _is_count),
    "deleted_days": (30, _is_count),
}


def default_settings() -> dict[str, Any]:
    return {name: deepcopy(default) for name, (default, _) in SETTINGS.items()}
