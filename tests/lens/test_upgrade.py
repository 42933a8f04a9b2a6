"""`manage.py upgrade` in order, repeated, and stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django_q.models import Schedule

from lens.backups.pg_programs import BackupRefused
from lens.backups.restoring import check_nothing_aside
from lens.schedules import ENTRIES
from tests.support.databases import scratch_database
from tests.support.processes import ROOT


@pytest.fixture
def static(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.STATIC_ROOT = tmp_path / "static"
    return tmp_path / "static"


def upgrade(*options: str) -> list[str]:
    said = StringIO()
    call_command("upgrade", *options, stdout=said)
    return [line for line in said.getvalue().splitlines() if line.endswith("…")]


def test_an_upgrade_does_its_steps_in_order_and_can_be_repeated(static: Path) -> None:
    for _ in range(2):
        assert upgrade() == [
            "Settings …",
            "Database …",
            "Migrations …",
            "Static files …",
            "Schedules …",
        ]
        assert Schedule.objects.count() == len(ENTRIES)
        assert (static / "app.css").exists()


def test_a_container_has_its_static_files_already(static: Path) -> None:
    assert upgrade("--no-static") == ["Settings …", "Database …", "Migrations …", "Schedules …"]
    assert not static.exists()


def test_settings_that_cannot_work_stop_it_before_the_database(static: Path, settings: Any) -> None:
    settings.DISCORD_CLIENT_SECRET = ""
    with pytest.raises(CommandError, match=r"^Settings: .*DISCORD_CLIENT_SECRET.*then repeat the"):
        upgrade()
    assert not static.exists()
    assert not Schedule.objects.exists()


def test_a_folder_that_cannot_be_written_stops_it_with_what_to_do(static: Path) -> None:
    static.write_text("a file in the way")
    with pytest.raises(CommandError, match=r"^Static files: .*writable for this user"):
        upgrade()
    assert not Schedule.objects.exists()


def test_going_back_to_a_version_before_the_databases_own_is_refused(static: Path) -> None:
    MigrationRecorder(connection).record_applied("cohorts", "9999_of_the_next_release")
    with pytest.raises(CommandError, match=r"cohorts.9999_of_the_next_release.*restore the backup"):
        upgrade()
    assert not static.exists()
    assert "### Going back by one release" in (ROOT / "docs" / "operations.md").read_text()


def test_no_empty_database_is_begun_beside_the_one_that_a_restore_put_aside(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SCHEMA public RENAME TO before_restore")
        cursor.execute("CREATE SCHEMA public")
    with pytest.raises(BackupRefused, match=r"^A restore was interrupted.*do not drop it"):
        check_nothing_aside()
    assert connection.introspection.table_names() == []


@pytest.mark.matrix
def test_of_two_upgrades_at_once_the_second_waits_and_finds_nothing_to_do() -> None:
    with scratch_database() as url:
        both = [
            subprocess.Popen(
                [sys.executable, "manage.py", "upgrade", "--no-static"],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": url, "DEBUG": "1", "INSTALLATION_ID": "x"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        said = sorted(each.communicate()[0] for each in both)
        assert [each.returncode for each in both] == [0, 0], said
    assert sum("No migrations to apply" in each for each in said) == 1


@pytest.mark.matrix
def test_a_database_that_is_not_there_is_a_sentence_without_its_password() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "upgrade"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "postgres://lens:swordfish@127.0.0.1:9/none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "CommandError: Database: " in done.stderr
    assert "then repeat the upgrade" in done.stderr
    assert "Traceback" not in done.stderr
    assert "swordfish" not in done.stdout + done.stderr
