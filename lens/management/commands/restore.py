"""`manage.py restore`: restore a backup into the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from cohorts.words import one_line
from lens.backups.pg_programs import BackupRefused
from lens.backups.restoring import restore
from lens.health import has_pending_migrations


class Command(BaseCommand):
    help = (
        "Restore a backup of `manage.py backup` into the database of DATABASE_URL, which must be "
        "empty. Stop web, workers and bot first. If it fails, the database stays as it is."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, help="the file that ends in .dump")
        parser.add_argument(
            "--replace", action="store_true", help="delete what the database has now"
        )

    def handle(self, *args: Any, backup: Path, replace: bool, **options: Any) -> None:
        try:
            manifest = restore(backup, replace=replace)
        except BackupRefused as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            said = one_line(str(error))
            raise CommandError(f"The database cannot be used: {said}") from error
        needs_upgrade = has_pending_migrations()
        self.stdout.write(
            f"Restored a database of {'an older' if needs_upgrade else 'this'} version, backed up "
            f"by Lens {manifest.version}: the installation {manifest.installation}, as of "
            f"{manifest.taken_at} (last change outside: {manifest.last_call or 'none'})."
        )
        if manifest.installation != settings.INSTALLATION_ID:
            self.stdout.write("INSTALLATION_ID has another value here.")
        self.stdout.write(
            "To stay on this version, run `manage.py upgrade`. To go back, do not run it: start "
            "the old version."
            if needs_upgrade
            else "Now run `manage.py upgrade`, and start everything."
        )
        self.stdout.write(
            "Then answer the question under Operations in the admin. Nothing is changed or sent "
            "before."
        )
