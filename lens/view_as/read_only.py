"""A block in which the database is only read."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# Savepoints are of transactions inside the block, which may be begun by code that then only reads.
_READS = re.compile(r"\s*(SELECT|SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT)\b", re.I)
_READ_ONLY_TRANSACTION = "25006"  # PostgreSQL's code of the error


class WriteRefused(Exception):
    """Something in the block tried to change the database. The text is the statement's first word:
    the rest may hold personal data."""


@contextmanager
def read_only() -> Iterator[None]:
    """Refuse every statement that changes something, and keep what would run after the commit.

    PostgreSQL also refuses what hides in a SELECT: locks, sequences, functions that write.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        with connection.execute_wrapper(_refuse_writes):
            yield
        transaction.set_rollback(True)


def _refuse_writes(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if not _READS.match(sql):
        raise WriteRefused(sql.split(maxsplit=1)[0].upper() if sql.strip() else "")
    return execute(sql, params, many, context)


def is_refused_write(error: Exception) -> bool:
    """Return whether the block or PostgreSQL refused a change."""
    by_database = getattr(error.__cause__, "sqlstate", "") == _READ_ONLY_TRANSACTION
    return isinstance(error, WriteRefused) or by_database
