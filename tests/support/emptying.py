"""Empty the database after a transaction=True test, but keep content types and permissions.

Django's flush deletes these as well and creates them again, which takes longer than many tests.

TRUNCATE gives each of 66 tables new files, which takes PostgreSQL 44 ms; deleting the few rows that
there are takes 4 ms.  But without autovacuum rows that were deleted or rolled back stay in the
files, and queries read past them: therefore now and then all tables are truncated instead.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}  # filled after migrate, and changed by no test
TESTS_APART = 20  # between two times that all tables are truncated


@cache
def tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [name for name in names if name not in KEPT]


def _empty(self: Any) -> None:
    """Delete all rows, after waiting for whoever still writes, as TRUNCATE does."""
    with transaction.atomic(), connection.cursor() as cursor:
        if tests_since.many():
            cursor.execute(f"TRUNCATE {_all()}")
            return
        cursor.execute(f"LOCK TABLE {_all()} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"(SELECT '{t}' FROM \"{t}\" LIMIT 1)" for t in tables()))
        deletes = [f'DELETE FROM "{name}"' for (name,) in cursor.fetchall()]
        if deletes:  # Django's foreign keys are checked when the transaction ends
            cursor.execute(";".join(deletes))


def _all() -> str:
    return ", ".join(f'"{name}"' for name in tables())


setattr(TransactionTestCase, "_fixture_teardown", _empty)  # noqa: B010, Django declares no such name


class TestsSince:
    """Counts the tests since all tables were truncated."""

    tests = 0

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self.tests += item.get_closest_marker("django_db") is not None

    def many(self) -> bool:
        """Return whether it is time to truncate, and begin to count anew."""
        if self.tests < TESTS_APART:
            return False
        self.tests = 0
        return True


tests_since = TestsSince()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(tests_since)
