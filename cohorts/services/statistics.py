"""What PostgreSQL believes of the sizes of our tables.

After a large import it still takes them for empty, until autovacuum comes by a minute later: a plan
made in between joins 320 people row by row, and everything seems to stand still.
"""

from __future__ import annotations

from django.db import connection

from cohorts.models import Cohort, Course, Group, User


def measure_tables() -> None:
    """Let the planner know how full the tables of people and groups are, and those that hang on a
    group, on whatever floor.  Other databases find out by themselves.

    To be called on commit: what is rolled back would stay in the counts, and mislead them.
    """
    if connection.vendor != "postgresql":
        return
    tables = {model._meta.db_table for model in (Course, Cohort, Group, User)}
    tables |= {one.related_model._meta.db_table for one in Group._meta.related_objects}
    names = ", ".join(connection.ops.quote_name(table) for table in sorted(tables))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")
