"""Which installation this database belongs to, and what time it is taken to be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

Sql = tuple[str, tuple[str | int, ...]]

PRESENT_SEAL = """COALESCE((
    SELECT s.xmin::text || ':' || s.tableoid::text || ':' || d.oid::text
    FROM cohorts_seal s, pg_database d WHERE s.id = 1 AND d.datname = current_database()
), 'none')"""


class Seal(models.Model):
    """One row that a backup cannot bring back as it was.

    PostgreSQL gives each row the id of the transaction that wrote it (`xmin`), and tables and
    databases ids of their own (`oid`). Restoring a dump, with or without --clean, and copying a
    database write new ones; VACUUM FULL, FREEZE, CLUSTER and renaming the database keep them.
    Recovery to a point in time keeps them too: `manage.py mark_restored` is for that.

    Write this row nowhere but in `services.installation.seal`, and never rewrite its table.
    """

    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="seal_one_row")]

    def __str__(self) -> str:
        return f"written {self.written_at:%Y-%m-%d %H:%M}"


class PresentSeal(Expression):
    """The ids of the seal's row as they are now; empty on SQLite, which has none."""

    output_field = CharField()

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        return "''", ()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> Sql:
        return PRESENT_SEAL, ()


class InstallationQuerySet(models.QuerySet["Installation"]):
    def with_seal(self) -> InstallationQuerySet:
        """With `present_seal`, to compare with `seal`.  In the same query."""
        return self.annotate(present_seal=PresentSeal())

    def intact(self) -> InstallationQuerySet:
        """The row, unless this database was restored or copied."""
        return self.filter(seal=PresentSeal())


class Installation(models.Model):
    """One row.  Its id is written at the first start and marks everything made outside."""

    installation_id = models.CharField(max_length=40)
    # INSTALLATION_ID as staff last accepted it; another value stops all writes.
    accepted_as = models.CharField(max_length=40, default="")
    first_started_at = models.DateTimeField()
    # The first start, or the moment from which staff's last answer counts: a message that was due
    # before it may have been sent by the original, and is sent only if staff choose so.
    quiet_before = models.DateTimeField(null=True, blank=True)
    # The ids of the Seal's row when it was written.  Others mean that this database was restored.
    seal = models.CharField(max_length=60, default="", blank=True)
    # Since when it is in question whose installation this is, and when that was last logged.
    doubted_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)
    # Staff said that this is a copy: it sends nothing until they allow it.
    silenced_at = models.DateTimeField(null=True, blank=True)
    # Only with a sandbox: all processes share the moved clock through this row.
    clock_offset = models.DurationField(default=timedelta(0))

    present_seal: str  # only with `with_seal`

    objects = InstallationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="installation_one_row"),
            models.CheckConstraint(
                condition=~models.Q(installation_id=""), name="installation_has_an_id"
            ),
        ]

    def __str__(self) -> str:
        return self.installation_id

    @property
    def is_restored(self) -> bool:
        """Whether this database was restored or copied since staff last answered."""
        return self.seal != self.present_seal
