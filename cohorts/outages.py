"""Log a database outage as one event: one ERROR when it begins and one when it ends.

Loops that keep running through an outage report it here.  `OutageFilter` keeps the errors that
follow from it, one per second and process, out of the log.
"""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, InterfaceError

logger = logging.getLogger(__name__)

# SQLSTATE prefixes: connection failures (08); connections ended by an administrator or a crash
# (57P).
LOST_CONNECTION = ("08", "57P")
REPLACED_PROCESS = ("reincarnated pusher", "reincarnated monitor")
_began: float | None = None


def is_lost_connection(error: BaseException | None) -> bool:
    """Return whether the database could not be reached, as opposed to rejecting a statement."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None) if error else None
    return isinstance(error, DatabaseError) and (state is None or state.startswith(LOST_CONNECTION))


def report_lost(error: BaseException) -> None:
    """Log the first failure of an outage and ignore the following ones."""
    global _began  # noqa: PLW0603 - one connection fails for all of a process
    if _began is None:
        _began = time.monotonic()
        logger.error(
            "The database is unavailable: %s. Work continues when it is back, and nothing is "
            "lost. Check DATABASE_URL and that PostgreSQL is running.",
            (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
        )


def report_recovered() -> None:
    """Log the end of an outage, if there was one."""
    global _began
    if _began is not None:
        seconds, _began = time.monotonic() - _began, None
        logger.error("The database is available again after %.0f seconds. Work continues.", seconds)


def report_failure(error: Exception, what: str) -> None:
    """Log an exception in a loop that keeps running; report a lost connection as an outage."""
    if is_lost_connection(error):
        report_lost(error)
    else:
        logger.error(what, exc_info=error)


class OutageFilter(logging.Filter):
    """Logging filter that drops errors caused only by a database outage.

    During an outage django-q2 logs a traceback for each attempt of each process and replaces its
    pusher and monitor, which exit; the worker's watcher reports the outage instead.  A killed
    pusher or monitor ends the whole cluster, which `lens.watch.cluster` logs.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        # django-q2 logs a failure to save its statistics as the bare exception.
        bare = record.msg if isinstance(record.msg, Exception) else None
        if is_lost_connection(record.exc_info[1] if record.exc_info else bare):
            return False
        return not str(record.msg).startswith(REPLACED_PROCESS)
