"""Files and environment of `make run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lens.demo.local import CannotRun, Local, check_ports, put_halves_aside
from lens.env import Env


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(port=8000, sandbox_port=8001, var=tmp_path)


def test_a_database_and_its_sandbox_are_kept(local: Local) -> None:
    local.database.touch()
    local.sandbox_state.touch()
    assert put_halves_aside(local) is None
    assert local.database.exists()


def test_nothing_is_put_aside_before_the_first_run(local: Local) -> None:
    assert put_halves_aside(local) is None


@pytest.mark.parametrize("half", ["lens.sqlite3", "sandbox.json"])
def test_one_without_the_other_is_put_aside_and_not_lost(local: Local, half: str) -> None:
    (local.var / half).write_text("old", encoding="utf-8")
    aside = put_halves_aside(local)
    assert aside is not None
    assert (aside / half).read_text(encoding="utf-8") == "old"
    assert not local.database.exists()
    assert not local.sandbox_state.exists()


def test_a_shell_set_up_for_the_real_services_reaches_none_of_them(local: Local) -> None:
    shell = {
        "PATH": "/bin",
        "DATABASE_URL": "postgres://production",
        "DISCORD_BOT_TOKEN": "real",
        "GOOGLE_CALENDAR_CREDENTIALS_JSON": "{}",
        "SENTRY_DSN": "https://key@sentry.example.org/1",
    }
    environment = local.environment(shell)
    assert environment["PATH"] == "/bin"
    assert environment["DATABASE_URL"] == f"sqlite:///{local.database}"
    assert environment["DISCORD_BOT_TOKEN"] == "sandbox-local"
    assert "GOOGLE_CALENDAR_CREDENTIALS_JSON" not in environment
    assert "SENTRY_DSN" not in environment


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "8000 "])
def test_a_port_that_is_none_is_reported(text: str) -> None:
    with pytest.raises(CannotRun, match="PORT must be a port, 1 to 65535"):
        Local.from_environment({"PORT": text})


def test_both_servers_cannot_share_a_port(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="they must differ"):
        check_ports(Local(port=8000, sandbox_port=8000, var=tmp_path))


def test_mail_is_written_where_it_is_said_to_lie(local: Local) -> None:
    read = Env(local.environment({})).email("EMAIL_URL", "")
    assert read["EMAIL_FILE_PATH"] == str(local.mail)
