"""`manage.py backup`: write a backup of the database, with what it is of."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from cohorts.words import one_line
from lens.backups.dumping import back_up, delete_old
from lens.backups.pg_programs import BackupRefused


class Command(BaseCommand):
    help = (
        "Write a backup of the database: a dump of pg_dump and a manifest that says what it is of. "
        "Everything can keep running meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, required=True, help="where to write it")
        parser.add_argument("--keep", type=int, help="afterwards, delete all but so many backups")

    def handle(self, *args: Any, folder: Path, keep: int | None, **options: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep must be 1 or more.")
        try:
            path = back_up(folder, datetime.now(UTC))
        except BackupRefused as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            said = one_line(str(error))
            raise CommandError(f"The database cannot be used: {said}") from error
        self.stdout.write(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
        for old in delete_old(folder, keep) if keep else ():
            self.stdout.write(f"Deleted {old}.")
