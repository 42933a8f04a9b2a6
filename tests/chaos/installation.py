"""An installation in processes of its own, which can be killed, frozen and restarted."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import requests

from lens.demo.local import Local
from tests.postgres import start_cluster
from tests.programs import find_postgresql
from tests.support import backups
from tests.support.kept_schema import fill_migrated
from tests.support.processes import ROOT, wait_until

START_SECONDS = 300
STRUCK_SECONDS = 30  # in which a restart of PostgreSQL may still make a request fail
# As short as a busy machine allows: what fails is tried again within the run.
PACE = {
    "SYNC_LEASE_SECONDS": "20",
    "SYNC_RENEW_BELOW_SECONDS": "14",
    "SYNC_CALL_SECONDS": "10",
    "SYNC_PROBE_SECONDS": "5",
    "SYNC_BACKOFF_SECONDS": "5",
    "WATCH_LOOK_SECONDS": "1",
    "WATCH_SCHEDULE_LATE_SECONDS": "60",
    "WEB_CONCURRENCY": "1",
    "LOG_LEVEL": "INFO",
    **{f"RATE_{name}": "off" for name in ("GENERAL", "VISITS", "MOVES", "GUESSES")},
}
COMMANDS = {
    "web": ("-m", "gunicorn", "lens.wsgi"),
    "worker": ("manage.py", "worker"),
    "bot": ("manage.py", "run_discord_bot"),
}
# What may happen to calls, for a few seconds; each service is hit in turn.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "unreachable", "every": 2},
    {"kind": "error", "status": 500, "every": 3},
    {"kind": "error", "status": 503, "every": 2},
    {"kind": "rate_limit", "retry_after": 1, "every": 4},
    {"kind": "drop", "every": 3},
    {"kind": "drop_after", "wrote": True, "every": 2},
    {"kind": "error_after", "status": 500, "wrote": True, "every": 3},
    {"kind": "slow", "seconds": 1.5, "every": 3},
    {"kind": "garble", "form": "html", "every": 3},
    {"kind": "garble", "form": "cut", "every": 3},
    {"kind": "truncate", "keep": 0.5, "every": 2},
    {"kind": "truncate", "keep": 0, "every": 2},
)


class ChaosInstallation:
    """Everything runs from `start` to `end`; `log` says when what was done to it."""

    def __init__(self, folder: Path, chance: random.Random, ports: tuple[int, int]) -> None:
        self.folder, self.chance = folder, chance
        self.local = Local(port=ports[0], sandbox_port=ports[1], var=folder)
        self.log: list[str] = []
        self.began = time.monotonic()
        self.kills = 0
        self.database_struck_at = float("-inf")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.frozen: set[int] = set()
        programs = find_postgresql()
        assert programs
        self.programs = programs
        self.database = start_cluster(programs, crashes=True)
        with psycopg.connect(self.database.replace("/lens?", "/postgres?"), autocommit=True) as db:
            db.execute("CREATE DATABASE lens")
        self.environment = {
            **self.local.environment(os.environ),
            **PACE,
            "DATABASE_URL": self.database,
            "PORT": str(self.local.port),
        }

    # -- its life ----------------------------------------------------------------------------

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.launch("sandbox", "manage.py", "sandbox", "--port", str(self.local.sandbox_port))
        fill_migrated(self.database)
        self.run("demo_data")
        for name in COMMANDS:
            self.ensure(name)
        self.run("realize_cohort", self.sql("SELECT name FROM cohorts_cohort")[0][0])
        wait_until(self.is_ready, START_SECONDS, f"nothing answers\n{self.read_log('web')}")
        self.began = time.monotonic()

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.local.site_url}/healthz?ready", timeout=5).ok
        except OSError:
            return False

    def run(self, *command: str, root: Path = ROOT, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=root,
            env={**self.environment, "PYTHONPATH": str(root), **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ensure(self, name: str) -> None:
        """Start a process that is not running, as systemd does."""
        process = self.running.get(name)
        if process is None or process.poll() is not None:
            self.launch(name, *COMMANDS[name])

    def launch(self, name: str, *command: str, root: Path = ROOT, **more: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=root,
                env={**self.environment, "PYTHONPATH": str(root), **more},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def read_log(self, name: str, most: int = 4000) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")[-most:]

    def read_errors(self, most: int = 8) -> list[str]:
        """The last lines of level ERROR in each log."""
        return [
            f"{name}: {line}"
            for name in COMMANDS
            for line in [
                line
                for line in self.read_log(name, 10**7).splitlines()
                if " ERROR " in line or "[ERROR]" in line
            ][-most:]
        ]

    def stop(self) -> None:
        """End everything but the services outside and the database."""
        self.end_processes(*COMMANDS)

    def end(self) -> None:
        self.thaw()
        self.end_processes(*self.running)

    def end_processes(self, *names: str) -> None:
        for process in (self.running[name] for name in names):
            for pid in (process.pid, *family(process.pid)):
                send(pid, signal.SIGKILL)
            process.wait()

    # -- what happens to it ------------------------------------------------------------------

    def strike(self) -> None:
        """Do one random thing to it."""
        self.recover()
        acts = (self._kill, self._kill, self._freeze, self._restart, self._restart_database)
        self._note(self.chance.choice((*acts, self._fail, self._fail, self._fail))())

    def recover(self) -> None:
        """Everything runs again, and the services answer."""
        self.calm()
        self.thaw()
        for name in COMMANDS:
            self.ensure(name)

    def never_end(self) -> None:
        """Make listings endless: Lens reads the next one after 10 minutes."""
        self.recover()
        self.control("google/settings", {"endless": True})
        self._note("each page of Google's listings names a next one")

    def pass_ten_minutes(self) -> None:
        """End that wait."""
        self.sql(
            "UPDATE sync_providerstate SET retry_at = now() WHERE issue = 'google_endless'"
            " AND retry_at > now() RETURNING provider"
        )

    def _note(self, act: str) -> None:
        self.log.append(f"{time.monotonic() - self.began:6.1f} s: {act}")

    def _victim(self) -> tuple[str, int]:
        name = self.chance.choice(list(COMMANDS))
        root = self.running[name].pid
        return name, self.chance.choice([root, *family(root)])

    def _kill(self) -> str:
        name, pid = self._victim()
        send(pid, signal.SIGKILL)
        self.kills += 1
        return f"killed {pid} of {name}"

    def _restart(self) -> str:
        """Ask a process to end, as systemd does; the next act starts it again."""
        name = self.chance.choice(list(COMMANDS))
        send(self.running[name].pid, signal.SIGTERM)
        return f"asked {name} to end"

    def _freeze(self) -> str:
        name, pid = self._victim()
        send(pid, signal.SIGSTOP)
        self.frozen.add(pid)
        return f"froze {pid} of {name}"

    def thaw(self) -> None:
        while self.frozen:
            send(self.frozen.pop(), signal.SIGCONT)

    def _fail(self) -> str:
        fault = {**self.chance.choice(FAULTS), "service": self.chance.choice(["discord", "google"])}
        self.control("faults", [fault])
        return f"fault {fault}"

    def calm(self) -> None:
        self.control("faults", [])
        self.control("google/settings", {"endless": False})

    def _restart_database(self) -> str:
        data = Path(self.database.partition("host=")[2]) / "data"
        patience = ["-w", "-t", str(START_SECONDS)]
        command = [self.programs / "pg_ctl", "-D", data, "-m", "immediate", *patience, "restart"]
        owner = data.stat().st_uid if os.geteuid() == 0 else None
        subprocess.run(command, user=owner, cwd="/", check=True, stdout=subprocess.DEVNULL)
        self.kills += 1
        self.database_struck_at = time.monotonic()
        return "restarted PostgreSQL"

    def is_database_struck(self) -> bool:
        """Whether a failure may be that of a restart of PostgreSQL."""
        return time.monotonic() - self.database_struck_at < STRUCK_SECONDS

    # -- reading it --------------------------------------------------------------------------

    def keep_database(self) -> None:
        """Write a dump of the database beside the logs."""
        dump = self.folder / "database.dump"
        backups.run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={self.database}")

    def control(self, door: str, body: Any) -> None:
        answer = requests.post(f"{self.local.sandbox_url}/_sandbox/{door}", json=body, timeout=30)
        assert answer.ok, answer.text

    def sql(self, query: str, database: str = "") -> list[tuple[Any, ...]]:
        with psycopg.connect(database or self.database, autocommit=True) as connection:
            done = connection.execute(query)
            return done.fetchall() if done.description else []

    def outside(self, path: str, token: str = "Bot sandbox-local") -> Any:  # noqa: S107
        """Read the services by their own API."""
        url = f"{self.local.sandbox_url}{path}"
        answer = requests.get(url, headers={"Authorization": token}, timeout=30)
        assert answer.ok, f"{path}: {answer.text}"
        return answer.json()


def family(root: int) -> list[int]:
    """The processes below this one."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        try:
            listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        except OSError:
            continue
        children = [int(child) for child in listed.split()]
        found += children
        waiting += children
    return found


def send(pid: int, what: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)
