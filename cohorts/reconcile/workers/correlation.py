"""An id that follows a change through the logs: from a request through its task and run to each
call, and to reports in Sentry.

A nudge carries the id of the request that caused it; a run that no request caused has an id of its
own. A run serves every change that is due, so what others changed meanwhile appears under its id.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_id: ContextVar[str] = ContextVar("correlation id", default="")
GIVEN = re.compile(r"[0-9A-Za-z-]{8,64}")  # an id from elsewhere goes into logs as it is


def current_id() -> str:
    """Return the id of what runs now, or ""."""
    return _id.get()


def adopt(given: str) -> None:
    """Go on under the given id, or under none if it is not one."""
    _id.set(given if GIVEN.fullmatch(given) else "")


@contextmanager
def correlated(given: str = "") -> Iterator[str]:
    """Run the block under the given id, or under a new one."""
    found = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
    token = _id.set(found)
    try:
        yield found
    finally:
        _id.reset(token)
