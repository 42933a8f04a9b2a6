"""Scratch databases beside the test's own, for what must start from another schema or none."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from tests.support.processes import ROOT, database_url


@contextmanager
def scratch_database(template: str = "template0") -> Iterator[str]:
    """Yield the DATABASE_URL of a new database; drop it afterwards.

    A `template` must have no connections while it is copied.
    """
    name = f"scratch_{secrets.token_hex(4)}"
    execute_as_administrator(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield url_of(name)
    finally:
        execute_as_administrator(f'DROP DATABASE "{name}" WITH (FORCE)')


def url_of(name: str) -> str:
    """The DATABASE_URL of another database in the test's cluster."""
    return database_url().replace(f"/{connection.settings_dict['NAME']}?", f"/{name}?")


def execute_as_administrator(statement: str) -> None:
    """Run one statement outside a transaction, connected to no database of the tests."""
    parameters = {**connection.get_connection_params(), "dbname": "postgres", "autocommit": True}
    keep = ("dbname", "host", "port", "user", "password", "autocommit")
    with psycopg.connect(**{key: parameters[key] for key in keep if key in parameters}) as opened:
        opened.execute(statement)


def migrate(url: str, *target: str) -> None:
    """Run `manage.py migrate` on a database; its output is shown when it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0", *target],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
