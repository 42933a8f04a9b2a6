"""Keep the database that the migrations make, until a migration changes.

Migrating an empty database takes 10 seconds of CPU time, and each of pytest's processes has a
database of its own.  Here they copy a template, which is restored from a dump in the user's cache
folder if an earlier run left one.  Django then migrates the copy, where nothing is left to do.
A database in another cluster is restored from the same dump (`fill_migrated`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.support import backups
from tests.support.databases import execute_as_administrator, migrate, url_of
from tests.support.processes import ROOT

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lens-tests"
KEPT_DUMPS = 5
MIGRATIONS_USE = ("cohorts/model_renames.py", "requirements.txt")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, django_db_keepdb: bool, django_db_blocker: Any
) -> None:
    if not django_db_keepdb and connection.vendor == "postgresql":
        with django_db_blocker.unblock():
            connection.settings_dict["TEST"]["TEMPLATE"] = _ensure_template()


def _ensure_template() -> str:
    """Return the name of a migrated database to which nothing is connected."""
    name = _name_template()
    with _one_process():
        if not _ask("SELECT 1 FROM pg_database WHERE datname = %s", name):
            unfinished = f"{name}_unfinished"
            execute_as_administrator(f'CREATE DATABASE "{unfinished}" TEMPLATE template0')
            _fill(url_of(unfinished), FOLDER / f"{name}.dump")
            execute_as_administrator(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    return name


def fill_migrated(url: str) -> None:
    """Fill an empty database of a cluster with the same programs as the tests' own."""
    with _one_process():
        _fill(url, FOLDER / f"{_name_template()}.dump")


def _name_template() -> str:
    return f"migrated_{_digest_migrations()}"


def _fill(url: str, kept: Path) -> None:
    if kept.exists():
        backups.run("pg_restore", "--exit-on-error", f"--dbname={url}", str(kept))
        kept.touch()
        return
    migrate(url)
    new = kept.with_suffix(".new")
    backups.run("pg_dump", "--format=custom", f"--file={new}", f"--dbname={url}")
    new.replace(kept)
    by_last_use = sorted(FOLDER.glob("*.dump"), key=lambda path: path.stat().st_mtime)
    for path in by_last_use[:-KEPT_DUMPS]:
        path.unlink()


def _digest_migrations() -> str:
    loader = MigrationLoader(None)
    names = sorted({migration.__module__ for migration in loader.disk_migrations.values()})
    files = [Path(str(import_module(name).__file__)) for name in names]
    digest = hashlib.sha256(repr([names, _ask("SHOW server_version")]).encode())
    for path in [*files, *(ROOT / name for name in MIGRATIONS_USE)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _ask(query: str, *parameters: str) -> Any:
    """Ask the server; the database of the settings need not exist.  Return the first row."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()


@contextmanager
def _one_process() -> Iterator[None]:
    """Others of this user wait, also those with a cluster of their own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
