"""Settings for behaviour that Google's documentation leaves open, and for test scenarios."""

from collections.abc import Callable
from typing import Any

from calendarsync.sandbox.calendars import ROLES
from calendarsync.sandbox.state import State
from calendarsync.sandbox.times import zone


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


CHECKS: dict[str, Callable[[Any], bool]] = {
    "summary": lambda value: isinstance(value, str),
    "time_zone": _is_zone,
    "access_role": _one_of(*ROLES),
    "exceptions": _one_of("left_alone", "overwritten", "merged"),
    "mails": _one_of("everybody", "concerned"),
    "set_responses": _one_of("reset", "honoured"),
    "delegation": _is_flag,
    "quota": _is_quota,
    "organizer_attends": _is_flag,
    "aliases": lambda value: isinstance(value, dict) and _are_texts([*value, *value.values()]),
    "refuses": _are_texts,
    "etags": _one_of("own", "family"),
    "left_out": lambda value: _are_texts(value) and not {"id", "status"} & set(value),
    "cancelled": _one_of("detailed", "named", "bare"),
    "google_domains": _are_texts,
    "page_size": _is_count,
    "batch_limit": _is_count,
    "endless": _is_flag,
    "token_days": _is_count,
    "deleted_days": _is_count,
}


def change_settings(state: State, changes: dict[str, Any]) -> dict[str, Any]:
    """Change settings and return all of them.

    Raises ValueError before any change if one is invalid.
    """
    for name, value in changes.items():
        if name not in CHECKS:
            raise ValueError(f"There is no setting `{name}`. Settings: {', '.join(CHECKS)}.")
        if not CHECKS[name](value):
            raise ValueError(f"{value!r} is not a valid value of the setting `{name}`.")
    state.settings.update(changes)
    if "quota" in changes:
        # The quota is the number of invitations left from now on.
        state.invited = 0
    return dict(state.settings)
