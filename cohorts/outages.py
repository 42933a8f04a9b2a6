"""Log a database outage as one event: one ERROR when it begins and one when it ends, per process.

Loops that keep running through an outage report it here.  `OutageFilter` keeps the errors that
follow from it, with their tracebacks, out of the log, and reports the first one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)

# SQLSTATE prefixes: connection failures (08); connections ended by an administrator or a crash
# (57P).
LOST_CONNECTION = ("08", "57P")
REPLACED_PROCESS = ("reincarnated pusher", "reincarnated monitor")
# django-q2 logs the traceback of a task that failed as text.
LOST_IN_TASK = re.compile(
    r"^Failed .+^psycopg\.(?:OperationalError|errors\."
    r"(?:AdminShutdown|CrashShutdown|CannotConnectNow|Connection\w+|\w+ConnectionException))\b",
    re.MULTILINE | re.DOTALL,
)
_began: float | None = None
_is_connection = False  # whether a new connection ends it
_is_left_to_watcher = False
_lock = threading.Lock()  # of the threads of a web process, which all fail at once


def is_lost_connection(error: BaseException | None) -> bool:
    """Return whether the database could not be reached, as opposed to rejecting a statement."""
    if isinstance(error, InterfaceError):
        return True
    cause = error.__cause__ if isinstance(error, OperationalError) else None
    if not isinstance(cause, psycopg.Error):  # with SQLite, the file is missing or locked
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(LOST_CONNECTION)


def leave_to_watcher() -> None:
    """Log no outage in this process and those that it forks, because their watcher does."""
    global _began, _is_left_to_watcher
    _began, _is_left_to_watcher = None, True


def report_lost(error: BaseException) -> None:
    """Log the first failure of an outage and ignore the following ones."""
    global _began, _is_connection
    with _lock:
        if _began is not None or _is_left_to_watcher:
            return
        _began, _is_connection = time.monotonic(), is_lost_connection(error)
    logger.error(
        "The database is unavailable: %s. Work continues when it is back, and nothing is lost. "
        "Check DATABASE_URL and that PostgreSQL is running.",
        (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
    )


def report_recovered() -> None:
    """Log the end of an outage, if there was one."""
    global _began
    with _lock:
        if _began is None:
            return
        seconds, _began = time.monotonic() - _began, None
    logger.error("The database is available again after %.0f seconds. Work continues.", seconds)


def note_connection(connection: Any, **_: Any) -> None:
    """Receive Django's signal that a connection was opened; during an outage, try to use it: a
    pooler between Lens and PostgreSQL may accept connections that lead nowhere."""
    if _began is not None and _is_connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        report_recovered()


def report_failure(error: Exception, what: str) -> None:
    """Log an exception in a loop that keeps running; report a lost connection as an outage."""
    if is_lost_connection(error):
        report_lost(error)
    else:
        logger.error(what, exc_info=error)


class OutageFilter(logging.Filter):
    """Logging filter that reports a database outage in place of each error that follows from it.

    In a worker's cluster django-q2 also replaces its pusher and monitor, which exit; the worker's
    watcher reports the outage.  A killed pusher or monitor ends the whole cluster, which
    `lens.watch.cluster` logs.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        # django-q2 logs a failure to save its statistics as the bare exception.
        bare = record.msg if isinstance(record.msg, Exception) else None
        error = record.exc_info[1] if record.exc_info else bare
        if error is not None and is_lost_connection(error):
            report_lost(error)
            return False
        text = str(record.msg)
        return not (text.startswith(REPLACED_PROCESS) or LOST_IN_TASK.match(text))
