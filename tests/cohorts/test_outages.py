"""What a process logs while PostgreSQL cannot be reached: one line, and one when it is back."""

from __future__ import annotations

import io
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from lens.reporting.json_lines import JsonFormatter

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


def test_what_fails_in_an_outage_is_one_line_without_a_traceback_and_its_end_another(
    read_log: Log,
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
        logging.getLogger("django.request").error("Internal Server Error: /", exc_info=error)
        logging.getLogger("cohorts.outbox.collecting").error("A source failed", exc_info=error)
        text = "".join(traceback.format_exception(error))
        logging.getLogger("django-q").error(f"Failed 'tasks.sweep' (one) - {error} : {text}")  # noqa: G004
    [line] = read_log()
    assert "The database is unavailable: terminating connection" in line
    ended.close()
    ended.connect()
    ended.close()
    assert len(read_log()) == 2
    assert re.search(r"The database is available again after \d+ seconds", read_log()[1])


def test_a_statement_that_the_database_rejects_keeps_its_traceback(read_log: Log) -> None:
    another = connection.copy()
    for statement in ("SELECT 1 / 0", "SELECT * FROM nowhere", "SET lock_timeout = 'soon'"):
        error = fail(another, statement)
        logging.getLogger("django.request").error("Internal Server Error: /", exc_info=error)
        text = "".join(traceback.format_exception(error))
        logging.getLogger("django-q").error(f"Failed 'tasks.sweep' (one) - {error} : {text}")  # noqa: G004
    another.close()
    text = "\n".join(read_log())
    assert text.count("Internal Server Error: /") == 3
    assert text.count("Failed 'tasks.sweep'") == 3
    assert "unavailable" not in text
