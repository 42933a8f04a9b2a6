"""Ids of rows have six digits, however many tests have run before.

Messages are stored in the order of their keys, and keys hold ids: where one row has the id 99 and
the next one 100, their order would be another, in one run of many.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

FIRST_ID = 100_001


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(sequencename) FROM pg_sequences")
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER SEQUENCE {name} START {FIRST_ID} RESTART")
