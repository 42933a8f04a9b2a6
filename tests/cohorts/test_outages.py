"""What a process logs while PostgreSQL cannot be reached: one line, and one when it is back."""

from __future__ import annotations

import io
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from cohorts import outages
from lens.reporting.scrubbing import JsonFormatter

pytestmark = pytest.mark.django_db
Log = Callable[[], list[str]]


@pytest.fixture(params=["line", "json"])
def read_log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """Return the messages that this process's own handler has written, one a line."""
    [handler] = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    written, former = io.StringIO(), handler.formatter
    before = handler.setStream(written)
    if request.param == "json":
        handler.setFormatter(JsonFormatter())

    def read() -> list[str]:
        lines = written.getvalue().splitlines()
        return [json.loads(line)["message"] for line in lines] if request.param == "json" else lines

    yield read
    handler.setStream(before)
    handler.setFormatter(former)


def fail(another: BaseDatabaseWrapper, statement: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught, another.cursor() as cursor:
        cursor.execute(statement)
    return caught.value


def log(error: Exception) -> None:
    """Log an error as a request, a source of messages and a task of django-q2 that fail with it."""
    logging.getLogger("django.request").error("Internal Server Error: /", exc_info=error)
    logging.getLogger("cohorts.outbox.collecting").error("A source failed", exc_info=error)
    log_task(error)


def log_task(error: Exception) -> None:
    text = "".join(traceback.format_exception(error))
    logging.getLogger("django-q").error(f"Failed 'tasks.sweep' (one) - {error} : {text}")  # noqa: G004


def test_what_fails_in_an_outage_is_one_line_without_a_traceback_and_its_end_another(
    read_log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere, ended = connection.copy(), connection.copy()
    nowhere.settings_dict |= {"HOST": "127.0.0.1", "PORT": 9}
    with ended.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    errors = [fail(ended, "SELECT 1"), fail(ended, "SELECT 1"), fail(nowhere, "SELECT 1")]
    for error in errors:
        log(error)
    [line] = read_log()
    assert "The database is unavailable: terminating connection" in line
    ended.close()
    ended.connect()
    assert len(read_log()) == 2
    assert re.search(r"The database is available again after \d+ seconds", read_log()[1])

    # In a cluster, whose watcher logs outages, a process says what only it has lost.
    monkeypatch.setattr(outages, "_is_left_to_watcher", True)
    log(errors[0])
    log(errors[0])
    assert len(read_log()) == 3
    assert "This process has lost the database: terminating connection" in read_log()[2]
    ended.close()
    ended.connect()
    ended.close()
    assert len(read_log()) == 3
    log(errors[0])
    assert len(read_log()) == 4
    outages.report_recovered()
    assert len(read_log()) == 4
    log_task(errors[0])  # the monitor, which has not lost it, logs what a worker's task has
    assert len(read_log()) == 5
    assert "A task lost the database: Failed 'tasks.sweep' (one) - terminating" in read_log()[4]


def test_an_error_that_is_no_outage_keeps_its_traceback(read_log: Log) -> None:
    another, nowhere = connection.copy(), connection.copy()
    nowhere.settings_dict |= {"HOST": "127.0.0.1", "PORT": 9}
    errors: list[Exception] = [
        fail(another, statement)
        for statement in ("SELECT 1 / 0", "SELECT * FROM nowhere", "SET lock_timeout = 'soon'")
    ]
    cursor = another.cursor()
    cursor.close()
    with pytest.raises(InterfaceError, match="the cursor is closed") as closed:
        cursor.execute("SELECT 1")
    another.connection.pgconn.send_query(b"SELECT 1")
    errors += [closed.value, fail(another, "SELECT 1")]
    assert "another command is already in progress" in str(errors[-1])
    another.close()
    try:
        try:
            nowhere.ensure_connection()
        except OperationalError:
            raise KeyError("a bug while an outage is handled")  # noqa: B904 - as a bug does
    except KeyError as bug:
        errors.append(bug)
    for error in errors:
        log(error)
    text = "\n".join(read_log())
    assert text.count("Internal Server Error: /") == len(errors)
    assert text.count("Failed 'tasks.sweep'") == len(errors)
    assert "unavailable" not in text
