"""An outage of the database is one event: an ERROR when it begins, and one when it is over.

Loops that go on through an outage report it here.  What else fails because of it, once a second and
in each process, is left out of the log (`LeaveOutOutages`).
"""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, InterfaceError

logger = logging.getLogger(__name__)

# Classes of SQLSTATE: the connection failed; an administrator or a crash ended it.
LOST = ("08", "57P")
REPLACED = ("reincarnated pusher", "reincarnated monitor")
_began: float | None = None


def is_lost_connection(error: BaseException | None) -> bool:
    """Return whether the database could not be reached, as opposed to having refused something."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None) if error else None
    return isinstance(error, DatabaseError) and (state is None or state.startswith(LOST))


def report_lost(error: BaseException) -> None:
    """Log the first failure of an outage; the following ones are part of it."""
    global _began  # noqa: PLW0603 - one connection fails for all of a process
    if _began is None:
        _began = time.monotonic()
        logger.error(
            "The database cannot be used: %s. Work goes on when it is back; nothing is lost. "
            "Check DATABASE_URL and whether PostgreSQL runs.",
            (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
        )


def report_back() -> None:
    """Log the end of an outage, if there was one."""
    global _began
    if _began is not None:
        seconds, _began = time.monotonic() - _began, None
        logger.error("The database is back after %.0f seconds. Work goes on.", seconds)


def report_failure(error: Exception, what: str) -> None:
    """Log what failed in a loop that goes on; a lost connection is an outage and no failure."""
    if is_lost_connection(error):
        report_lost(error)
    else:
        logger.error(what, exc_info=error)


class LeaveOutOutages(logging.Filter):
    """Keeps out of the log what fails only because the database is away.

    django-q2 logs a traceback for each attempt of each process, and replaces pusher and monitor,
    which end by it; the worker's watcher reports the outage itself.  One that was killed ends the
    whole cluster, with a line of its own (lens.watch.cluster).
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and is_lost_connection(record.exc_info[1]):
            return False
        return not str(record.msg).startswith(REPLACED)
