"""`manage.py backup` and `restore`, with PostgreSQL's own programs, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

import lens
from cohorts import clock
from cohorts.models import Course, Installation
from lens.backups.dumping import DAY, delete_old
from lens.backups.manifest import hash_file, read_applied
from tests.programs import find_backup_program
from tests.support.backups import another_database
from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def programs_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PostgreSQL came as a wheel, its programs are on no path of the system."""
    monkeypatch.setenv("PATH", str(find_backup_program("pg_dump").parent), prepend=":")


def back_up(folder: Path, *options: str) -> Path:
    said = StringIO()
    call_command("backup", "--folder", str(folder), *options, stdout=said)
    return Path(said.getvalue().split(" (")[0])


def restore(backup: Path, *options: str) -> str:
    said = StringIO()
    call_command("restore", str(backup), *options, stdout=said)
    return said.getvalue()


def refusal(backup: Path, *options: str) -> str:
    with pytest.raises(CommandError) as refused:
        restore(backup, *options)
    return str(refused.value)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    Installation.objects.ensure(clock.now())
    Course.objects.create(name="Before")
    return back_up(tmp_path / "backups")


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """A new, empty database, in place of the test's own."""
    with another_database():
        yield


def read_courses() -> list[str]:
    return list(Course.objects.values_list("name", flat=True))


def test_a_backup_says_what_it_is_of_and_only_its_owner_may_read_it(backup: Path) -> None:
    manifest = json.loads(backup.with_suffix(".json").read_text())
    assert manifest["version"] == lens.__version__
    assert manifest["installation"] == Installation.objects.get().installation_id
    assert "cohorts.0011_seal" in manifest["migrations"]
    assert sorted(path.suffix for path in backup.parent.iterdir()) == [".dump", ".json"]
    assert backup.stat().st_mode & 0o077 == 0


def test_a_backup_is_restored_into_an_empty_database_and_recognized(
    backup: Path, elsewhere: None
) -> None:
    said = restore(backup)
    assert read_courses() == ["Before"]
    assert Installation.objects.with_seal().get().is_restored
    assert f"Restored a database of this version, backed up by Lens {lens.__version__}" in said
    assert "Now run `manage.py upgrade`" in said
    call_command("migrate", "--check", verbosity=0)


def test_a_backup_of_an_older_database_says_how_to_stay_and_how_to_go_back(
    backup: Path, elsewhere: None
) -> None:
    restore(backup)
    app, _, name = read_applied()[-1].partition(".")
    MigrationRecorder(connection).record_unapplied(app, name)
    said = restore(back_up(backup.parent), "--replace")
    assert f"Restored a database of an older version, backed up by Lens {lens.__version__}" in said
    assert "To stay on this version, run `manage.py upgrade`" in said
    assert "To go back, do not run it: start the old version" in said
    assert "Now run" not in said


def test_a_database_with_tables_is_replaced_only_if_one_says_so(
    backup: Path, elsewhere: None
) -> None:
    restore(backup)
    Course.objects.create(name="After")
    assert "add --replace" in refusal(backup)
    assert read_courses() == ["After", "Before"]
    restore(backup, "--replace")
    assert read_courses() == ["Before"]
    assert Installation.objects.with_seal().get().is_restored
    assert read_schemas() == ["public"]


def read_schemas() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            r"SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%%' "
            "AND nspname <> 'information_schema' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def test_a_restore_that_fails_in_the_middle_leaves_the_database_as_it_was(
    backup: Path, elsewhere: None
) -> None:
    restore(backup)
    Course.objects.create(name="After")
    cut = backup.read_bytes()[: backup.stat().st_size * 2 // 3]
    backup.write_bytes(cut)
    assert "is incomplete or was changed" in refusal(backup, "--replace")
    change_manifest(backup, sha256=hash_file(backup))
    assert "The database is as it was before" in refusal(backup, "--replace")
    assert read_courses() == ["After", "Before"]
    assert read_schemas() == ["public"]


def change_manifest(backup: Path, **values: Any) -> None:
    path = backup.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_backup_of_a_newer_version_is_refused(backup: Path, elsewhere: None) -> None:
    manifest = json.loads(backup.with_suffix(".json").read_text())
    change_manifest(
        backup, version="9.0", migrations=[*manifest["migrations"], "cohorts.9999_next"]
    )
    assert "is of Lens 9.0, which is newer" in refusal(backup)
    assert read_schemas() == ["public"]


def test_a_backup_of_a_newer_postgresql_is_refused(backup: Path, elsewhere: None) -> None:
    change_manifest(backup, postgresql=99)
    assert "is of PostgreSQL 99; this server has version" in refusal(backup)


def test_a_dump_without_its_manifest_is_refused(backup: Path, elsewhere: None) -> None:
    backup.with_suffix(".json").unlink()
    assert "A backup consists of two files" in refusal(backup)


def test_a_database_in_use_is_not_replaced(backup: Path, elsewhere: None) -> None:
    restore(backup)
    parameters = connection.get_connection_params()
    keep = ("dbname", "host", "port", "user", "password")
    with psycopg.connect(**{key: parameters[key] for key in keep if key in parameters}):
        assert "Stop web, workers and bot first" in refusal(backup, "--replace")
    assert read_courses() == ["Before"]


def test_an_interrupted_restore_is_noticed(backup: Path, elsewhere: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA before_restore")
    assert "A restore was interrupted" in refusal(backup)


def test_a_full_disk_leaves_the_former_backups_alone(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pg_dump that writes to /dev/full, which is what a full disk is to a program."""
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.0" && exit\n'
        "LC_ALL=C cat /dev/zero > /dev/full\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    before = sorted(backup.parent.iterdir())
    with pytest.raises(CommandError, match="pg_dump failed: the disk is full"):
        back_up(backup.parent)
    assert sorted(backup.parent.iterdir()) == before


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"/file cannot be written: File exists\.$"):
        back_up(tmp_path / "file")


def test_an_older_pg_dump_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lens.backups.pg_programs.DEBIAN", tmp_path)
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(CommandError, match="pg_dump has version 9, but"):
        back_up(tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param(
            "sqlite://:memory:",
            "CommandError: Only a PostgreSQL database has backups.",
            marks=pytest.mark.matrix,
        ),
        ("postgres://lens:swordfish@127.0.0.1:9/x", "CommandError: The database cannot be used:"),
    ],
)
def test_sqlite_has_no_backups_and_a_database_that_is_not_there_is_a_sentence(
    tmp_path: Path, url: str, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", "--folder", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.startswith(said), done.stderr
    assert "swordfish" not in done.stderr


def test_only_the_newest_backups_are_kept(tmp_path: Path) -> None:
    for day in range(1, 5):
        for suffix in (".dump", ".json"):
            (tmp_path / f"lens-2026110{day}T000000{suffix}").touch()
    (tmp_path / "notes.dump").touch()
    for name, age in (("lens-20261101T000000.part", 2 * DAY), ("lens-20261105T000000.part", 0)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    assert [path.name[5:13] for path in delete_old(tmp_path, keep=2)] == ["20261102", "20261101"]
    assert [path.name for path in tmp_path.glob("*.part")] == ["lens-20261105T000000.part"]
    left = sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".part")
    assert [name[5:13] for name in left if name.startswith("lens-")] == ["20261103"] * 2 + [
        "20261104"
    ] * 2
    assert "notes.dump" in left
