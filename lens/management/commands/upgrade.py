"""`manage.py upgrade`: everything that a new version needs before its processes start."""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core.checks import ERROR, run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from cohorts.words import one_line
from lens.backups.manifest import find_newer, read_applied
from lens.backups.restoring import check_nothing_aside
from lens.schedules import ensure_schedules

LOCK_MILLISECONDS, LOCK_ATTEMPTS = 100, 300
UPGRADING = 0x4C656E73  # the advisory lock of one upgrade; the number is "Lens"
LOCKED = ("55P03", "40P01")  # it waited too long; a deadlock


class UpgradeRefused(Exception):
    """The message says what to do."""


class UpgradeStep(NamedTuple):
    title: str
    run: Callable[[], object]
    fix: str  # what to do if it fails


class Command(BaseCommand):
    help = (
        "Check the settings, migrate the database, collect the static files and set up the "
        "schedules, in this order. It stops at the first failure, and can be repeated at any time."
    )
    requires_system_checks: list[str] = []  # they are its first step
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-static",
            action="store_true",
            help="skip the static files, which a container image already has",
        )

    def handle(self, *args: Any, no_static: bool, **options: Any) -> None:
        steps = [
            UpgradeStep(
                "Settings", check_settings, "Correct the environment, then repeat the upgrade."
            ),
            UpgradeStep(
                "Database", check_nothing_aside, "Correct the cause, then repeat the upgrade."
            ),
            UpgradeStep(
                "Migrations",
                migrate,
                "Nothing of the failed migration is kept. Correct the cause, "
                "then repeat the upgrade; until then the former version can keep running.",
            ),
            UpgradeStep(
                "Static files",
                collect,
                "Make the folder staticfiles/ writable for this user, then repeat the upgrade.",
            ),
            UpgradeStep(
                "Schedules", ensure_schedules, "Repeat the upgrade. The worker also does this."
            ),
        ]
        for step in steps:
            if not (no_static and step.run is collect):
                self._take(step)
        self.stdout.write("Upgraded. Start the new processes, then stop the former ones.")

    def _take(self, step: UpgradeStep) -> None:
        self.stdout.write(f"{step.title} …")
        try:
            step.run()
        except Exception as error:
            raise CommandError(f"{step.title}: {describe(error)} {step.fix}") from error


def describe(error: Exception) -> str:
    """Return the error as a sentence.  An address with a password is in none of them."""
    text = one_line(str(error)) or type(error).__name__
    return text if text.endswith((".", "!", "?")) else f"{text}."


def check_settings() -> None:
    """Raise UpgradeRefused with the errors of `check --deploy`.  Warnings do not stop it."""
    found = run_checks(include_deployment_checks=True)
    errors = [one for one in found if one.level >= ERROR and not one.is_silenced()]
    if errors:
        raise UpgradeRefused(" ".join(f"{one.msg} {one.hint or ''}".strip() for one in errors))


def migrate() -> None:
    """Migrate while the former processes run.  Raises UpgradeRefused if a newer version has
    migrated this database."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            with short_waits_for_locks(), one_at_a_time():
                check_not_newer()
                call_command("migrate", interactive=False, verbosity=1)
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in LOCKED:
                raise
        time.sleep(1)
    raise UpgradeRefused(
        f"Others kept using a table that must change, for {LOCK_ATTEMPTS} attempts. Stop what runs "
        "for long, such as a backup, or wait until another upgrade has ended."
    )


def check_not_newer() -> None:
    if newer := find_newer(read_applied()):
        raise UpgradeRefused(
            f"The database has migrations that this version does not have ({', '.join(newer)}), so "
            "a newer version has used it. Start that version again, or restore the backup that was "
            "made before its upgrade; docs/operations.md, “Going back by one release”."
        )


@contextmanager
def short_waits_for_locks() -> Iterator[None]:
    """Have a migration give up soon if it must wait for a table, and let it go.

    Whoever reads the table queues behind the one that waits. Two tables in the other order are a
    deadlock, which PostgreSQL looks for after a second and ends by an error for either side: a page
    of the former version would answer 500. The wait is short because a page that began to wait
    almost a second before is looked at first.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (before,) = cursor.fetchone()
        cursor.execute(f"SET lock_timeout = '{LOCK_MILLISECONDS}ms'")
        try:
            yield
        finally:
            cursor.execute(f"SET lock_timeout = '{before}'")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Exclude other upgrades of this database: two that create the same table fail."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [UPGRADING])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [UPGRADING])


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
