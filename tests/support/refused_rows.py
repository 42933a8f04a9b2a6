"""A row that the database refuses to change: a fault that concerns one person or object only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def forbid_writing(table: str, pk: int) -> Iterator[None]:
    """Let each update of this row fail, on PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'row {int(pk)} is refused'; END $$;
            CREATE TRIGGER refuse_row BEFORE UPDATE ON "{table}" FOR EACH ROW
            WHEN (OLD.id = {int(pk)}) EXECUTE FUNCTION refuse_row();
            """
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TRIGGER refuse_row ON "{table}"; DROP FUNCTION refuse_row();')
