"""pg_dump and pg_restore: where they are, and how they reach the database."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo

from cohorts.words import one_line

DEBIAN = Path("/usr/lib/postgresql")
PASSED_ON = (
    *("dbname", "user", "host", "port", "service", "passfile"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey"),
)


class BackupRefused(Exception):
    """The message says what is wrong and what to do."""


def find_program(name: str, least: int) -> Path:
    """Return the newest such program, on PATH or where Debian puts it, of version `least` or newer.

    Raises BackupRefused.
    """
    on_path = shutil.which(name)
    places = [Path(on_path)] if on_path else []
    found = {place: read_version(place) for place in [*places, *DEBIAN.glob(f"*/bin/{name}")]}
    newest = max(found, key=lambda place: found[place], default=None)
    if newest is None:
        raise BackupRefused(
            f"{name} was not found. Install PostgreSQL's client programs, version {least} or newer "
            f"(on Debian: apt install postgresql-client)."
        )
    if found[newest] < least:
        raise BackupRefused(
            f"{name} has version {found[newest]}, but {least} is needed. Install PostgreSQL's "
            f"client programs of version {least} or newer."
        )
    return newest


def read_version(program: Path) -> int:
    """Return the major version of a program of PostgreSQL."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - PostgreSQL's own
    number = re.search(r"\s(\d+)", done.stdout)
    return int(number[1]) if number else 0


def server_version() -> int:
    """Return the major version of the database's server.  Raises BackupRefused on SQLite."""
    if connection.vendor != "postgresql":
        raise BackupRefused(
            "Only a PostgreSQL database has backups. Copy the SQLite file while Lens is stopped, "
            "and run `manage.py mark_restored` on a copy that you use."
        )
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def run_program(program: Path, *arguments: str) -> str:
    """Run it on Lens's database.  Return "", or why it failed."""
    given = connection.get_connection_params()
    # The password in the environment, since everyone on the machine can read the arguments.
    secret = {"PGPASSWORD": str(given["password"])} if given.get("password") else {}
    where = make_conninfo(**{key: given[key] for key in PASSED_ON if given.get(key)})
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own
        [program, f"--dbname={where}", *arguments],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.returncode:
        return ""
    said = one_line(done.stderr)[-600:] or f"it ended with status {done.returncode}"
    return said if "no space left" not in said.lower() else f"the disk is full ({said})"
