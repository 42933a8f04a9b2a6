"""The application clock.  Domain code calls `now` once and passes the result on as an argument.

In a sandbox the clock can be moved for all processes at once.  Leases, backoff and snowflakes need
real time and do not use this module.
"""

import time
from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.db.models import QuerySet

_READ_AGAIN_AFTER = 0.5  # seconds; costs one small query per process every half second
_offset = timedelta(0)
_read_at = float("-inf")


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(UTC) + (_current_offset() if settings.SANDBOX else timedelta(0))


def set_offset(offset: timedelta) -> None:
    """Move the clock of all processes.  Raises RuntimeError outside a sandbox."""
    if not settings.SANDBOX:
        raise RuntimeError("The clock can only be moved when a sandbox is used.")
    _installation().update(clock_offset=offset)
    forget_offset()


def forget_offset() -> None:
    """Discard the cached offset, so that the next call of now() reads it from the database."""
    global _read_at  # noqa: PLW0603 - one clock per process
    _read_at = float("-inf")


def _current_offset() -> timedelta:
    global _offset, _read_at
    if time.monotonic() - _read_at >= _READ_AGAIN_AFTER:
        stored = _installation().values_list("clock_offset", flat=True).first()
        _offset, _read_at = stored or timedelta(0), time.monotonic()
    return _offset


def _installation() -> QuerySet:
    """Return the row that stores the offset.  By its name, because the models use this module."""
    return apps.get_model("cohorts", "Installation").objects.filter(pk=1)
