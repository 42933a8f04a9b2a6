"""Update PostgreSQL's table statistics after a large import.

Until autovacuum runs about a minute later, PostgreSQL assumes that the tables are empty: a query
planned in between joins 320 people row by row and seems to hang.
"""

from __future__ import annotations

from django.db import connection

from cohorts.models import Cohort, Course, Group, User


def analyze_tables() -> None:
    """Run ANALYZE on the tables of people and groups, and on all tables that refer to groups.

    Only on PostgreSQL; other databases do not need it. Call it on commit: rows of a transaction
    that is rolled back would distort the statistics.
    """
    if connection.vendor != "postgresql":
        return
    tables = {model._meta.db_table for model in (Course, Cohort, Group, User)}
    tables |= {one.related_model._meta.db_table for one in Group._meta.related_objects}
    names = ", ".join(connection.ops.quote_name(table) for table in sorted(tables))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")
