"""Worlds that are built once and put back for each test: rows, the sandbox, both clocks.

    @pytest.fixture
    def made(sandbox, build_once):
        return build_once("two realized groups", lambda: realize_two_groups(sandbox))

The first test that asks for a world builds it, as a worker and people would.  Every test, also this
one, gets a copy of what the function returned, and finds the rows as they were when the world was
finished; a test with a sandbox also what stands outside, the calls so far and the time.

A world may begin with another one that was put back, so that what many tests do first is done once.

What is in neither place does not belong into the function.  Whatever was there before is part of a
world: after other rows, calls or wishes to the sandbox, under other settings of a worker and with
other things registered, it is built again.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from cohorts import clock
from cohorts.models import Installation, Seal
from tests.support import registries
from tests.support.emptying import tables
from tests.support.running_sandbox import KeptSandbox, RunningSandbox
from tests.support.workers import PASSED_ON

BuildOnce = Callable[[str, Callable[[], Any]], Any]


@dataclass(frozen=True)
class KeptWorld:
    rows: dict[str, bytes]  # by table
    outside: KeptSandbox | None
    now: datetime
    result: bytes


_worlds: dict[str, KeptWorld] = {}


def _key(name: str, sandbox: RunningSandbox | None) -> str:
    """The world's name with what it may depend on."""
    about = [getattr(settings, setting) for setting in PASSED_ON]
    registered = [sorted(entries) for entries in registries.read_all()]
    outside = sandbox.done_so_far if sandbox else ""
    return repr([name, about, registered, outside, _digest_rows()])


def _digest_rows() -> list[str]:
    """What the tables hold; the installation is left out, whose times differ in each test."""
    own = {Installation._meta.db_table, Seal._meta.db_table}
    digest = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM"
    with connection.cursor() as cursor:
        parts = ", ".join(f'({digest} "{table}" t)' for table in tables() if table not in own)
        cursor.execute(f"SELECT {parts}")
        return [*cursor.fetchone()]


@pytest.fixture
def build_once(db: None, request: pytest.FixtureRequest) -> BuildOnce:
    """Call it with the world's name, unique in the project, and the function that builds it."""
    with_sandbox = "sandbox" in request.fixturenames
    sandbox = request.getfixturevalue("sandbox") if with_sandbox else None

    def build_once(name: str, build: Callable[[], Any]) -> Any:
        key = _key(name, sandbox)
        if key not in _worlds:
            result = pickle.dumps(build())
            outside = sandbox.keep() if sandbox else None
            _worlds[key] = KeptWorld(_read_rows(), outside, clock.now(), result)
        else:
            _put_back(_worlds[key], sandbox)
        return pickle.loads(_worlds[key].result)  # noqa: S301 - our own

    return build_once


def _read_rows() -> dict[str, bytes]:
    found = {table: _copy_out(table) for table in tables()}
    return {table: data for table, data in found.items() if data}


def _copy_out(table: str) -> bytes:
    """All rows, as PostgreSQL writes them; nothing for an empty table."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" TO STDOUT') as copy,
    ):
        return b"".join(bytes(part) for part in copy)


def _put_back(world: KeptWorld, sandbox: RunningSandbox | None) -> None:
    with transaction.atomic():
        _put_rows_back(world)
    if sandbox and world.outside:
        sandbox.put_back(world.outside)
    if sandbox or Installation.objects.exclude(clock_offset=timedelta()).exists():
        clock.set_offset(world.now - datetime.now(UTC))


def _put_rows_back(world: KeptWorld) -> None:
    with connection.cursor() as cursor:
        # Those of the test's own fixtures, which the world has too.
        cursor.execute(";".join(f'DELETE FROM "{table}"' for table in world.rows))
        for table, data in world.rows.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(data)
    if Seal._meta.db_table in world.rows:
        Installation.objects.seal(world.now)  # a row that was copied does not fit
