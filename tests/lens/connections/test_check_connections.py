"""`manage.py check_connections`: each failure is named with the step that solves it."""

from __future__ import annotations

import re
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from calendarsync import connection_check as calendar_check
from discordsync import connection_check as discord_check
from lens.connections import signing_in
from lens.connections.surroundings import check_skew, check_zones
from tests.support.databases import scratch_database
from tests.support.processes import ROOT, environment
from tests.support.sandbox import sandbox_environment

pytestmark = pytest.mark.django_db
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
Break = Callable[[Any, Any, Any], Any]


@pytest.fixture(autouse=True)
def complete(sandbox: Any, mail_server: Any, settings: Any) -> Iterator[None]:
    """With the time zones of the package, whatever this machine has."""
    settings.DISCORD_INVITE_URL = "https://discord.gg/academy"
    settings.DISCORD_CLIENT_ID = int(sandbox.get("state")["discord"]["application_id"])
    settings.DISCORD_CLIENT_SECRET = "sandbox-local"
    former = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([])
    yield
    zoneinfo.reset_tzpath(former)


def check(*options: str) -> str:
    said = StringIO()
    try:
        call_command("check_connections", *options, stdout=said)
    except CommandError as error:
        said.write(f"Error: {error}")
    return said.getvalue()


def read_problems(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("PROBLEM")]


def test_a_complete_set_up_has_no_problem_and_the_email_arrives(mail_server: Any) -> None:
    said = check("--email", "olga@example.org")
    assert read_problems(said) == []
    assert "Error" not in said
    assert mail_server.recipients == ["olga@example.org"]
    for what in ("Database", "Tables", "Clock", "Time zones", "Mail", "Discord, Bot"):
        assert re.search(rf"^OK +{what}:", said, re.MULTILINE), what
    for what in ("The bot's permissions", "Commands", "Members of the server"):
        assert f"Discord, {what}:" in said
    assert "Google Calendar, Calendar: Lens may change it (owner)." in said
    assert "OK      Signing in:" in said


def test_the_check_reads_the_calendar_with_one_call(sandbox: Any, mail_server: Any) -> None:
    check()
    assert len(sandbox.calls(service="google")) == 1


def test_a_sign_in_that_could_not_be_tried_is_not_said_to_work(sandbox: Any, settings: Any) -> None:
    assert "OK      Signing in: It is set up." in check()
    sandbox.set_faults({"kind": "error", "status": 503, "path": "/oauth2/token$"})
    assert "OK      Signing in: Discord did not show the secret: try it." in check()
    settings.DISCORD_CLIENT_ID = None
    assert "OK      Signing in: With a password only" in check()


def test_the_mail_server_is_tried_without_an_email_too(mail_server: Any) -> None:
    assert "OK      Mail: The server accepts the sign-in." in check()
    assert mail_server.recipients == []


def error(path: str, status: int, code: int | str) -> dict[str, Any]:
    return {"kind": "error", "status": status, "code": code, "path": path}


BROKEN: dict[str, tuple[Break, str]] = {
    "token": (lambda _, settings, __: set_to(settings, DISCORD_BOT_TOKEN="x"), "“Discord”, step 2"),
    "no token": (
        lambda _, settings, __: set_to(settings, DISCORD_BOT_TOKEN=""),
        "“Discord”, step 2",
    ),
    "intent": (
        lambda sandbox, *_: sandbox.post("discord/settings", {"members_intent": False}),
        "“Discord”, step 3",
    ),
    "permissions": (
        lambda sandbox, *_: sandbox.post("discord/settings", {"bot_permissions": 1024}),
        "“Discord”, step 4",
    ),
    "commands": (
        lambda sandbox, *_: sandbox.set_faults(error("/commands$", 403, 50001)),
        "“Discord”, step 4",
    ),
    "server": (
        lambda _, settings, __: set_to(settings, DISCORD_GUILD_ID=settings.DISCORD_GUILD_ID + 1),
        "“Discord”, step 6",
    ),
    "Discord is down": (
        lambda sandbox, *_: sandbox.set_faults({"kind": "unreachable", "service": "discord"}),
        "“Deploying”",
    ),
    "Google is down": (
        lambda sandbox, *_: sandbox.set_faults({"kind": "unreachable", "service": "google"}),
        "“Deploying”",
    ),
    "invitation": (
        lambda _, settings, __: set_to(settings, DISCORD_INVITE_URL=""),
        "“Discord”, step 7",
    ),
    "another application": (
        lambda _, settings, __: set_to(settings, DISCORD_CLIENT_ID=settings.DISCORD_CLIENT_ID + 1),
        "“Discord”, step 9",
    ),
    "another secret": (
        lambda _, settings, __: set_to(settings, DISCORD_CLIENT_SECRET="swordfish"),
        "“Discord”, step 9",
    ),
    "no redirect": (
        lambda _, settings, __: set_to(settings, SANDBOX=False),
        "“Discord”, step 9",
    ),
    "another redirect": (
        lambda sandbox, *_: sandbox.post(
            "discord/settings", {"redirect_uris": ["https://old.example.org/callback/"]}
        ),
        "“Discord”, step 9",
    ),
    "no calendar": (
        lambda _, settings, __: set_to(settings, GOOGLE_CALENDAR_ID=""),
        "“Google Calendar”, step 1",
    ),
    "another calendar": (
        lambda _, settings, __: set_to(settings, GOOGLE_CALENDAR_ID="other@example.org"),
        "“Google Calendar”, step 1",
    ),
    "the API is off": (
        lambda sandbox, *_: sandbox.set_faults(error("/events", 403, "accessNotConfigured")),
        "“Google Calendar”, step 2",
    ),
    "read only": (
        lambda sandbox, *_: sandbox.post("google/settings", {"access_role": "reader"}),
        "“Google Calendar”, step 5",
    ),
    "mail refused": (
        lambda _, __, mail: mail.refuse("RCPT", 550, "No such user"),
        "docs/settings.md",
    ),
    "no mail server": (
        lambda _, settings, __: set_to(settings, EMAIL_PORT=9),
        "docs/settings.md",
    ),
    "mail is written to files": (
        lambda _, settings, __: set_to(
            settings, EMAIL_BACKEND="django.core.mail.backends.filebased.EmailBackend"
        ),
        "docs/settings.md",
    ),
    "mail is printed": (
        lambda _, settings, __: set_to(
            settings, EMAIL_BACKEND="django.core.mail.backends.console.EmailBackend"
        ),
        "docs/settings.md",
    ),
}


def set_to(settings: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(settings, name, value)


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_is_named_with_the_step_that_solves_it(
    broken: str, sandbox: Any, settings: Any, mail_server: Any
) -> None:
    break_it, step = BROKEN[broken]
    break_it(sandbox, settings, mail_server)
    said = check("--email", "olga@example.org")
    problems = read_problems(said)
    assert problems
    page = "" if step.startswith("docs/") else "docs/operations.md, "
    assert f"{page}{step}." in problems[0], problems
    assert "need you." in said
    assert sandbox.writes() == []


def test_a_service_account_without_a_subject_is_named_with_its_step(settings: Any) -> None:
    settings.GOOGLE_CREDENTIALS = {"client_email": "lens@project.example"}
    (line,) = calendar_check.check()
    assert line.step == "docs/operations.md, “Google Calendar”, step 4"


def test_the_steps_that_are_named_exist() -> None:
    for title, steps in (
        ("Discord", {*discord_check.STEPS.values(), 4, 5, 7, signing_in.STEP}),
        ("Google Calendar", {*calendar_check.STEPS.values()}),
    ):
        section = OPERATIONS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        numbers = {int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)}
        assert steps <= numbers, title


@pytest.mark.parametrize(
    ("skew", "detail"), [(0.2, ""), (-4, ""), (61, "61 seconds ahead"), (-61, "61 seconds behind")]
)
def test_a_clock_that_is_wrong_is_measured(skew: float, detail: str) -> None:
    line = check_skew("Clock", skew)
    assert line.ok == (not detail)
    assert detail in line.detail


def test_old_time_zones_of_the_system_are_named(tmp_path: Path) -> None:
    (tmp_path / "tzdata.zi").write_text("# version 2019a\n")
    zoneinfo.reset_tzpath([tmp_path])
    (line,) = check_zones()
    assert not line.ok
    assert "time zones of 2019a" in line.detail


def run_before_anything_else(url: str, **values: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", "check_connections"],
        cwd=ROOT,
        env=environment(**values) | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.matrix
def test_it_runs_before_the_database_has_tables(sandbox: Any) -> None:
    with scratch_database() as url:
        status, said = run_before_anything_else(url, **sandbox_environment(sandbox))
    assert status == 1  # no mail server, and no invitation
    assert "OK      Tables: There are none yet: run manage.py upgrade next." in said
    assert "OK      Discord, Bot:" in said
    assert "OK      Google Calendar, Calendar:" in said


def test_a_database_of_another_version_is_named() -> None:
    ((app, newest),) = MigrationLoader(connection).graph.leaf_nodes("cohorts")
    MigrationRecorder(connection).record_unapplied(app, newest)
    assert "PROBLEM Tables: They are not migrated: run manage.py upgrade." in check()


def test_it_runs_without_a_database_and_repeats_no_password(sandbox: Any) -> None:
    url = "postgres://lens:swordfish@127.0.0.1:9/none"
    status, said = run_before_anything_else(url, **sandbox_environment(sandbox))
    assert status == 1
    assert "PROBLEM Database:" in said
    assert "swordfish" not in said
    assert "OK      Discord, Bot:" in said
