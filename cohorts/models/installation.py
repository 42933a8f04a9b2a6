"""The identity of the installation that owns this database, and the sandbox clock.

A restored or copied database cannot write: `Installation.doubt`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

RESTORED, OTHER_INSTALLATION = "restored", "other_installation"  # reasons to doubt
Sql = tuple[str, tuple[str | int, ...]]

PRESENT_SEAL = """COALESCE((
    SELECT s.xmin::text || ':' || s.tableoid::text || ':' || d.oid::text
    FROM cohorts_seal s, pg_database d WHERE s.id = 1 AND d.datname = current_database()
), 'none')"""


class Seal(models.Model):
    """One row whose PostgreSQL ids reveal that the database was restored or copied.

    PostgreSQL stores the id of the transaction that wrote a row (`xmin`) and an id for each table
    and database (`oid`). Restoring a dump, with or without --clean, and copying a database write
    new ones; VACUUM FULL, FREEZE, CLUSTER and renaming the database keep them. Point-in-time
    recovery keeps them too: use `manage.py mark_restored` after it.

    Write this row only in `Installation.objects.seal`, and never rewrite its table.
    """

    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="seal_one_row")]

    def __str__(self) -> str:
        return f"written {self.written_at:%Y-%m-%d %H:%M}"


class PresentSeal(Expression):
    """The current ids of the seal's row; "" on SQLite, which has none."""

    output_field = CharField()

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        return "''", ()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> Sql:
        return PRESENT_SEAL, ()


class InstallationQuerySet(models.QuerySet["Installation"]):
    def with_seal(self) -> InstallationQuerySet:
        """Annotate `present_seal`, to compare it with `seal` in one query."""
        return self.annotate(present_seal=PresentSeal())

    def intact(self) -> InstallationQuerySet:
        """Return the row, unless this database was restored or copied."""
        return self.filter(seal=PresentSeal())

    def ensure(self, now: datetime) -> Installation:
        """Return the row with its seal; the first start creates it from INSTALLATION_ID."""
        return self.with_seal().filter(pk=1).first() or self._first_start(now)

    @transaction.atomic
    def _first_start(self, now: datetime) -> Installation:
        if not settings.INSTALLATION_ID:
            raise ImproperlyConfigured(
                "INSTALLATION_ID is not set, so Lens cannot mark what it creates."
            )
        _, is_new = self.get_or_create(
            pk=1,
            defaults={
                "installation_id": settings.INSTALLATION_ID,
                "accepted_as": settings.INSTALLATION_ID,
                "first_started_at": now,
                "quiet_before": now,
            },
        )
        if is_new:
            self.seal(now)
        return self.with_seal().get(pk=1)

    @transaction.atomic
    def seal(self, now: datetime) -> None:
        """Record the database's current ids as the right ones.

        This takes two rows: a row cannot store its own `xmin`, because a row written within a
        savepoint has a different `xmin` than the id of its transaction.
        """
        Seal.objects.update_or_create(pk=1, defaults={"written_at": now})
        self.filter(pk=1).update(seal=PresentSeal())


class Installation(models.Model):
    """One row with the id that marks everything this installation creates in other systems.

    The first start writes the id.
    """

    installation_id = models.CharField(max_length=40)
    # INSTALLATION_ID as staff last accepted it.  Another value stops all writes.
    accepted_as = models.CharField(max_length=40, default="")
    first_started_at = models.DateTimeField()
    # The first start, or the moment from which staff's last answer applies. The original
    # installation may already have sent messages due before it, so these are sent only if staff
    # choose so.
    quiet_before = models.DateTimeField(null=True, blank=True)
    # The last time at which every message of the outbox that could be sent until then was stored,
    # except those of sources that have an earlier time of their own.
    collected_at = models.DateTimeField(null=True, blank=True)
    # The ids of the Seal's row when it was written.  A mismatch means that this database was
    # restored.
    seal = models.CharField(max_length=60, default="", blank=True)
    # When the identity of the installation came into doubt, and when that was last logged.
    doubted_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)
    # Staff declared this a copy: it sends nothing until they allow it.
    silenced_at = models.DateTimeField(null=True, blank=True)
    # Only in a sandbox: all processes share the moved clock through this row.
    clock_offset = models.DurationField(default=timedelta(0))

    present_seal: str  # set by `with_seal`

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
        """Return whether this database was restored or copied since staff last answered."""
        return self.seal != self.present_seal

    @property
    def doubt(self) -> str:
        """Return the code of the reason why this database may be a copy, or ""."""
        if self.is_restored:
            return RESTORED
        return OTHER_INSTALLATION if self.accepted_as != settings.INSTALLATION_ID else ""
