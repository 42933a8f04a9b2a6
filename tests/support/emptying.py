"""Empty the database after a transaction=True test, but keep content types and permissions.

Django's flush deletes these as well and creates them again, which takes longer than many tests.

TRUNCATE gives each of 66 tables new files, which takes PostgreSQL 44 ms; deleting the few rows that
there are takes 4 ms.  But without autovacuum rows that were deleted or rolled back stay in the
files, and queries read past them: therefore all tables are truncated once in a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test import TransactionTestCase
from pytest_django.plugin import blocking_manager_key

KEPT = {"django_content_type", "auth_permission"}  # filled after migrate, and changed by no test
TESTS_APART = 4  # between two times that all tables are truncated


@cache
def tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [name for name in names if name not in KEPT]


def _empty(self: Any) -> None:
    """Delete all rows, after waiting for whoever still writes, as TRUNCATE would."""
    each = " UNION ALL ".join(f"(SELECT '{name}' FROM \"{name}\" LIMIT 1)" for name in tables())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {_all()} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(each)
        deletes = [f'DELETE FROM "{name}"' for (name,) in cursor.fetchall()]
        if deletes:  # Django's foreign keys are checked when the transaction ends
            cursor.execute(";".join(deletes))


def _truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_all()}")


def _all() -> str:
    return ", ".join(f'"{name}"' for name in tables())


setattr(TransactionTestCase, "_fixture_teardown", _empty)  # noqa: B010, Django declares no such name


class TruncatesNowAndThen:
    def __init__(self, config: pytest.Config) -> None:
        self.config, self.tests = config, 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        result = yield
        self.tests += item.get_closest_marker("django_db") is not None
        if self.tests >= TESTS_APART:
            self.tests = 0
            # A connection that a test has left open may hold a lock: then it is done later.
            with self.config.stash[blocking_manager_key].unblock(), suppress(Error):
                _truncate()
        return result


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(TruncatesNowAndThen(config))
