"""The commands of the first hour in docs/operations.md, in a folder with only what an image has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.lens.deploy.test_deploy import read_product
from tests.support.databases import scratch_database
from tests.support.processes import ROOT, environment
from tests.support.sandbox import sandbox_environment

WORKER = ["python", "manage.py", "worker"]
PATIENCE = 280  # seconds


def read_commands() -> list[list[str]]:
    """Return the commands in the order of the document, without comments."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    block = text.partition("### The first hour")[2].split("```")[1]
    return [line.partition("#")[0].split() for line in block.strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "lens"
    made.mkdir()
    for name in read_product():
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, made / name)
    roster = (ROOT / "docs" / "sample-roster.csv").read_text(encoding="utf-8")
    start = (datetime.now(UTC) + timedelta(days=30)).date()
    assert "2027-01-11" in roster
    (made / "roster.csv").write_text(roster.replace("2027-01-11", str(start)), encoding="utf-8")
    return made


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_the_documented_commands_lead_from_an_empty_folder_to_a_realized_cohort(
    folder: Path, sandbox: Any, mail_server: Any
) -> None:
    callback = "http://127.0.0.1:8000/sign-in/discord/callback/"
    sandbox.post("discord/settings", {"redirect_uris": [callback]})
    with scratch_database() as url:
        given = environment(
            **sandbox_environment(sandbox),
            DEBUG="0",
            SECRET_KEY="of the first hour",
            INSTALLATION_ID="first-hour",
            SITE_URL="http://127.0.0.1:8000",
            ALLOWED_HOSTS="127.0.0.1",
            EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}",
            DISCORD_INVITE_URL="https://discord.gg/academy",
            DISCORD_CLIENT_ID=sandbox.get("state")["discord"]["application_id"],
            DISCORD_CLIENT_SECRET="sandbox-of-the-first-hour",
            DJANGO_SUPERUSER_EMAIL="olga@example.org",
            DJANGO_SUPERUSER_NAME="Olga",
            DJANGO_SUPERUSER_PASSWORD="a long first password",
            PYTHONPATH="",
        ) | {"DATABASE_URL": url}
        commands = read_commands()
        before, after = commands[: commands.index(WORKER)], commands[commands.index(WORKER) + 1 :]
        said = [run(command, folder, given) for command in before]
        assert sandbox.writes() == [], "a plan and a check change nothing"
        with working(folder, given):
            said += [run(command, folder, given) for command in after]
        with psycopg.connect(url) as opened:
            groups = opened.execute(
                "SELECT count(*), count(s.set_up_at) FROM sync_groupsync s "
                "JOIN cohorts_group g ON g.id = s.group_id WHERE g.cohort_id = 1"
            ).fetchone()
    assert mail_server.recipients[0] == "you@example.org"
    assert groups
    assert groups[0] == groups[1] > 0, said[-1]
    assert len(sandbox.get("state")["discord"]["channels"]) >= groups[0]


def run(command: list[str], folder: Path, given: dict[str, str]) -> str:
    assert command[0] == "python"
    asked = ["--noinput"] if "createsuperuser" in command else []
    done = subprocess.run(
        [sys.executable, *command[1:], *asked],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def working(folder: Path, given: dict[str, str]) -> Iterator[None]:
    log = folder / "worker.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, *WORKER[1:]], cwd=folder, env=given, stdout=sink, stderr=sink
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
