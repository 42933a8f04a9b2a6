"""Log a database outage as one event: one ERROR when it begins and one when it ends, per process.

Loops that keep running through an outage report it here.  `OutageFilter` keeps the errors that
follow from it, with their tracebacks, out of the log and of Sentry, and reports the first one.
"""

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
MISUSED = "another command is already in progress"  # of a connection that works
# django-q2 logs the traceback of a task that failed as text.  Each error of a chain, the last one
# being what the task failed with:
ERROR_OF_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(.*)")
LOST_IN_TRACEBACK = re.compile(
    rf"psycopg\.(?:OperationalError\b(?!.*{MISUSED})|errors\."
    r"(?:AdminShutdown|CrashShutdown|CannotConnectNow|Connection\w+|\w+ConnectionException)\b)"
)
_began: float | None = None
_is_connection = False  # whether a new connection ends it
_is_left_to_watcher = False  # whether another process logs the outages of all
_lock = threading.Lock()  # of the threads of a web process, which all fail at once


def is_lost_connection(error: BaseException | None) -> bool:
    """Return whether the database could not be reached, as opposed to rejecting a statement."""
    if isinstance(error, InterfaceError):  # mostly a mistake, as using a cursor that is closed
        return "connection is closed" in str(error) or "connection already closed" in str(error)
    cause = error.__cause__ if isinstance(error, OperationalError) else None
    if not isinstance(cause, psycopg.Error):  # with SQLite, the file is missing or locked
        return False
    if cause.sqlstate is None:
        return MISUSED not in str(cause)
    return cause.sqlstate.startswith(LOST_CONNECTION)


def is_lost_in_task(text: str) -> bool:
    """Return whether django-q2's log entry is about a task that failed with a lost connection."""
    if not text.startswith("Failed '"):
        return False
    *former, last = ERROR_OF_TRACEBACK.findall(text) or [""]
    if former and last.startswith("django.db.utils.OperationalError"):
        last = former[-1]  # the error that Django wraps in its own
    return LOST_IN_TRACEBACK.match(last) is not None


def leave_to_watcher() -> None:
    """Log an outage only as a warning in this process and those that it forks, because their
    watcher logs it. It does not notice a short outage, or one of this process's connection."""
    global _began, _is_left_to_watcher
    _began, _is_left_to_watcher = None, True


def report_lost(error: BaseException) -> None:
    """Log the first failure of an outage and ignore the following ones."""
    global _began, _is_connection
    with _lock:
        if _began is not None:
            return
        _began, _is_connection = time.monotonic(), is_lost_connection(error)
    why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    if _is_left_to_watcher:
        logger.warning("This process has lost the database: %s. It connects again.", why)
        return
    logger.error(
        "The database is unavailable: %s. Work continues when it is back, and nothing is lost. "
        "Check DATABASE_URL and that PostgreSQL is running.",
        why,
    )


def report_recovered() -> None:
    """Log the end of an outage, if there was one and no watcher logs it."""
    global _began
    with _lock:
        if _began is None:
            return
        seconds, _began = time.monotonic() - _began, None
    if _is_left_to_watcher:
        return
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


def read_error(record: logging.LogRecord) -> BaseException | None:
    if record.exc_info:
        return record.exc_info[1]
    # django-q2 logs a failure to save its statistics as the bare exception.
    return record.msg if isinstance(record.msg, Exception) else None


def follows_from_outage(record: logging.LogRecord) -> bool:
    """Return whether the outage is logged in place of this log entry."""
    text = str(record.msg)
    return (
        is_lost_connection(read_error(record))
        or text.startswith(REPLACED_PROCESS)
        or is_lost_in_task(text)
    )


class OutageFilter(logging.Filter):
    """Logging filter that reports a database outage in place of each error that follows from it.

    In a worker's cluster django-q2 also replaces its pusher and monitor, which exit; the worker's
    watcher reports the outage.  A killed pusher or monitor ends the whole cluster, which
    `lens.watch.cluster` logs.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not follows_from_outage(record):
            return True
        text, error = str(record.msg), read_error(record)
        if error is not None:
            report_lost(error)
        elif _began is None and not text.startswith(REPLACED_PROCESS):
            # The process of the task lost its connection, and this one, which logs it, did not.
            logger.warning("A task lost the database: %s", text.splitlines()[0])
        return False
