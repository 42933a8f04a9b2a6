"""Validate a request's body, field by field, with Discord's error words.

A check takes a value and returns the value to store, or raises `FieldError`. All fields are checked
before the errors are sent, as on Discord.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from discordsync.sandbox.errors import form_error

Check = Callable[[Any], Any]

REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")


class FieldError(Exception):
    """One field's error: Discord's word for it and a sentence."""

    def __init__(self, code: str, message: str, path: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.path = code, message, path


def read_body(
    body: Mapping[str, Any],
    checks: Mapping[str, Check],
    *,
    required: tuple[str, ...] = (),
    at: str = "",
) -> dict[str, Any]:
    """Return the named fields that were sent, checked; unknown ones are ignored, as on Discord.

    Raises the form error 50035 with every error, each at its field's path below `at`.
    """
    values: dict[str, Any] = {}
    errors: dict[str, tuple[str, str]] = {name: REQUIRED for name in required if name not in body}
    for name in (name for name in checks if name in body):
        try:
            values[name] = within(name, checks[name], body[name])
        except FieldError as wrong:
            errors[wrong.path] = (wrong.code, wrong.message)
    if errors:
        raise form_error({at + path: complaint for path, complaint in errors.items()})
    return values


def within(step: str, check: Check, value: Any) -> Any:
    """Run a check and prefix the path of its error with `step`."""
    try:
        return check(value)
    except FieldError as wrong:
        raise FieldError(wrong.code, wrong.message, f"{step}.{wrong.path}".rstrip(".")) from None


def shape(checks: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    """Return a check for a record within a body; it reports the first error."""

    def check(value: Any) -> dict[str, Any]:
        given = record(value)
        for name in required:
            if name not in given:
                raise FieldError(*REQUIRED, path=name)
        return {name: within(name, checks[name], given[name]) for name in checks if name in given}

    return check


def record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FieldError("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType.")
    return value


def nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def text(minimum: int, maximum: int) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise FieldError("BASE_TYPE_BAD_TYPE", "Could not interpret value as string.")
        stripped = value.strip()
        if minimum and not stripped:
            raise FieldError(*REQUIRED)
        if not minimum <= len(stripped) <= maximum:
            raise bad_length(minimum, maximum)
        return stripped

    return check


def bad_length(minimum: int, maximum: int) -> FieldError:
    if minimum:
        return FieldError(
            "BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length."
        )
    return FieldError("BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")


def whole(minimum: int | None = None, maximum: int | None = None) -> Check:
    """Return a check for a whole number; Discord also accepts a string of digits."""

    def check(value: Any) -> int:
        number = coerce(value)
        if minimum is not None and number < minimum:
            raise FieldError(
                "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {minimum}."
            )
        if maximum is not None and number > maximum:
            raise FieldError(
                "NUMBER_TYPE_MAX", f"int value should be less than or equal to {maximum}."
            )
        return number

    return check


def amount(minimum: float, maximum: float) -> Check:
    """Return a check for a number, whole or not."""

    def check(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise FieldError("NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
        if not minimum <= value <= maximum:
            raise FieldError("NUMBER_TYPE_RANGE", f"Must be between {minimum} and {maximum}.")
        return value

    return check


def coerce(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise FieldError("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')


def choice(*allowed: int) -> Check:
    def check(value: Any) -> int:
        number = coerce(value)
        if number not in allowed:
            listed = ", ".join(map(str, allowed))
            raise FieldError("BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
        return number

    return check


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FieldError("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return value


def snowflake(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,20}", value):
        raise FieldError("NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    return str(int(value))


def moment(value: Any) -> datetime:
    """Check an ISO 8601 time; one without an offset is UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise FieldError("DATE_TIME_TYPE_PARSE", f"Could not parse {value}.") from None


def listed(check: Check, maximum: int) -> Check:
    """Return a check for a list of valid items; an error's path contains the index."""

    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise FieldError("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
        if len(value) > maximum:
            raise FieldError("BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")
        return [within(str(index), check, item) for index, item in enumerate(value)]

    return check_all
