"""Real backups of the test's database, and databases that were restored from them.

    backup = dump(tmp_path)
    with restored(backup):        # everything in here, workers included, uses the restored one
        ...

Only for tests with `transaction=True`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.programs import find_backup_program
from tests.support.processes import database_url


def dump(folder: Path) -> Path:
    """What `pg_dump --format=custom` makes of the present database."""
    path = folder / f"{connection.settings_dict['NAME']}.dump"
    connection.close()
    run("pg_dump", "--format=custom", f"--file={path}", f"--dbname={database_url()}")
    return path


def restore(backup: Path, *options: str) -> None:
    """Into the present database."""
    connection.close()
    run("pg_restore", "--exit-on-error", *options, f"--dbname={database_url()}", str(backup))


def run(program: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore; what it says is shown when it fails."""
    command = [str(find_backup_program(program)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def restored(backup: Path, *, clean: bool = False) -> Iterator[None]:
    """A database that was restored from a backup: a new one, or one that had the same tables."""
    with another_database():
        restore(backup)
        if clean:
            restore(backup, "--clean")
        yield


@contextmanager
def another_database(template: str = "template0") -> Iterator[str]:
    """A database beside the present one, and in its place until the end.  Yields its name."""
    here = str(connection.settings_dict["NAME"])
    name = f"{here}_x"
    _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _use(name)
    try:
        yield name
    finally:
        _use(here)
        _execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
