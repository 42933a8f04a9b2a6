"""An installation of the previous release, which this version joins on the same database.

The previous release is kept as an archive, because a checkout may have no history.
docs/releasing.md says how it is made.
"""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import requests

from tests.chaos.installation import COMMANDS, START_SECONDS, ChaosInstallation
from tests.chaos.people import PASSWORD
from tests.support.processes import ROOT, wait_until

PREVIOUS = "0.1.0"
ARCHIVE = Path(__file__).with_name(f"lens-{PREVIOUS}.tar.xz")
NUDGES = "cohorts/reconcile/workers/nudges.py"
STOP_SECONDS = 60
# Logged, and tried again later, if people change one meeting three times during one run.
THRICE = "was applied 3 times"


class TwoReleases(ChaosInstallation):
    """The previous release's processes are `former-web`, `former-worker` and `former-bot`; its code
    is in the folder `former`."""

    def __init__(self, folder: Path, ports: tuple[int, int], former_port: int) -> None:
        super().__init__(folder, random.Random(1), ports)
        self.former_port = former_port
        self.former = folder.with_name("former")
        with tarfile.open(ARCHIVE) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # since 3.11.4
            archive.extractall(self.former)  # noqa: S202 - made from this repository

    @property
    def former_site(self) -> str:
        return f"http://127.0.0.1:{self.former_port}"

    @property
    def former_names_its_runs(self) -> bool:
        return 'task_name=f"sync ' in (self.former / NUDGES).read_text(encoding="utf-8")

    # -- its life ----------------------------------------------------------------------------

    def start_former(self) -> None:
        """Make the previous release's database, and start its processes."""
        self.folder.mkdir(exist_ok=True)
        self.launch("sandbox", "manage.py", "sandbox", "--port", str(self.local.sandbox_port))
        self.run("migrate", "-v", "0", root=self.former)
        self.run("demo_data", root=self.former)
        port = str(self.former_port)
        for name, command in COMMANDS.items():
            self.launch(f"former-{name}", *command, root=self.former, PORT=port)
        self.wait_for(self.former_site, "former-web")

    def wait_for(self, site: str, name: str) -> None:
        def answers() -> bool:
            try:
                return requests.get(f"{site}/healthz", timeout=5).ok
            except OSError:
                return False

        wait_until(answers, START_SECONDS, f"nothing answers\n{self.read_log(name)}")

    def begin_upgrade(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "upgrade", "--no-static"],
            cwd=ROOT,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop_gracefully(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)

    def create_database(self, name: str) -> str:
        self.sql(f"CREATE DATABASE {name}")
        return self.database.replace("/lens?", f"/{name}?")

    # -- reading it --------------------------------------------------------------------------

    def read_columns(self) -> dict[tuple[str, str], bool]:
        """Each column of each table, and whether every new row must give it a value."""
        return {
            (table, column): is_required
            for table, column, is_required in self.sql(
                "SELECT table_name, column_name, is_nullable = 'NO' AND column_default IS NULL"
                " AND is_identity = 'NO' FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            )
        }

    def list_applied(self) -> set[str]:
        return {name for (name,) in self.sql("SELECT name FROM django_migrations")}

    def list_runs(self, worker: str) -> list[str]:
        """The names of the tasks that synced a provider in this worker.  Those that this version
        queued begin with "sync"."""
        log = (self.folder / f"{worker}.log").read_text(encoding="utf-8")
        return re.findall(r"processing (.+) 'cohorts\.reconcile\.tasks\.run_provider'", log)

    def list_errors(self) -> list[str]:
        """What any process has logged as an error, except that people were fast."""
        return [
            line
            for log in self.folder.glob("*.log")
            for line in log.read_text(encoding="utf-8").splitlines()
            if (" ERROR " in line or line.startswith("Traceback")) and THRICE not in line
        ]


def read_former(path: str) -> str:
    """Return a file of the previous release."""
    with tarfile.open(ARCHIVE) as archive:
        found = archive.extractfile(path)
        assert found
        return found.read().decode()


class Reader:
    """A person who follows the links of a site."""

    def __init__(self, site: str, email: str) -> None:
        self.site, self.session = site, requests.Session()
        url = f"{site}/sign-in/"
        self.session.get(url, timeout=30).raise_for_status()
        form = {
            "username": email,
            "password": PASSWORD,
            "csrfmiddlewaretoken": self.session.cookies["csrftoken"],
        }
        answer = self.session.post(url, data=form, headers={"Referer": url}, timeout=30)
        answer.raise_for_status()

    def read_pages(self, most: int) -> dict[str, int]:
        """The status of pages by their address; of addresses that differ in a number, only one."""
        found: dict[str, int] = {}
        kinds: set[str] = set()
        waiting = ["/"]
        while waiting and len(found) < most:
            path = waiting.pop(0)
            kind = re.sub(r"\d+", "N", path.partition("?")[0])
            if kind in kinds or "sign-out" in path:
                continue
            kinds.add(kind)
            answer = self.session.get(f"{self.site}{path}", timeout=60)
            found[path] = answer.status_code
            if "text/html" in answer.headers.get("Content-Type", ""):
                waiting += re.findall(r'href="(/[^"#]*)', answer.text)
        return found


def find_unusable_columns(
    before: dict[tuple[str, str], bool], after: dict[tuple[str, str], bool]
) -> list[tuple[str, str]]:
    """What the previous release can no longer use: columns that are gone, and new ones in its
    tables that it would have to fill."""
    tables = {table for table, _ in before}
    gone = before.keys() - after.keys()
    required = {key for key, is_required in after.items() if is_required and key not in before}
    return sorted(gone | {key for key in required if key[0] in tables})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
