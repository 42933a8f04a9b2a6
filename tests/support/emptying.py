"""Empty the database after a transaction=True test, but keep content types and permissions.

Django's flush deletes these as well and creates them again, which takes longer than many tests.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}  # filled after migrate, and changed by no test


def _empty(self: Any) -> None:
    for name in self._databases_names(include_mirrors=False):
        tables = connections[name].introspection.django_table_names(
            only_existing=True, include_views=False
        )
        quoted = ", ".join(f'"{table}"' for table in tables if table not in KEPT)
        with connections[name].cursor() as cursor:
            cursor.execute(f"TRUNCATE {quoted}")


setattr(TransactionTestCase, "_fixture_teardown", _empty)  # noqa: B010, Django declares no such name
