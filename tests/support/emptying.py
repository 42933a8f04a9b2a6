"""Empty the database after a transaction=True test, but keep content types and permissions.

Django's flush deletes these as well and creates them again, which takes longer than many tests.

TRUNCATE gives each table new files, which takes PostgreSQL 50 ms of CPU time; deleting the few rows
that there are takes 3 ms. But without autovacuum rows that were deleted or rolled back stay in the
files, and queries read past them: all tables are truncated once a table's file has grown.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}  # filled after migrate, and changed by no test
GROWN = 400_000  # bytes of one table
# A file is as large as it ever was since its table was truncated.
USED = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE oid = ANY(%s::regclass[]) AND pg_relation_size(oid) > 0
"""


@cache
def tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [name for name in names if name not in KEPT]


def _empty(self: Any) -> None:
    """Delete all rows, after waiting for whoever still writes, as TRUNCATE does."""
    every = ", ".join(f'"{name}"' for name in tables())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {every} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(USED, [tables()])
        sizes = dict(cursor.fetchall())
        if max(sizes.values(), default=0) > GROWN:
            cursor.execute(f"TRUNCATE {every}")
        elif sizes:
            _delete_rows(cursor, [*sizes])


def _delete_rows(cursor: Any, used: list[str]) -> None:
    cursor.execute(" UNION ALL ".join(f"(SELECT '{t}' FROM \"{t}\" LIMIT 1)" for t in used))
    deletes = [f'DELETE FROM "{name}"' for (name,) in cursor.fetchall()]
    if deletes:  # Django's foreign keys are checked when the transaction ends
        cursor.execute(";".join(deletes))


setattr(TransactionTestCase, "_fixture_teardown", _empty)  # noqa: B010, Django declares no such name
