"""compose.yaml's containers run on a file system that they cannot write to."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.lens.deploy.containers import USER, Container, Place
from tests.lens.deploy.deploy_files import PROCESSES
from tests.postgres import start_cluster
from tests.programs import find_backup_program, find_postgresql
from tests.support.machines import listen
from tests.support.processes import wait_until
from tests.support.relay import Relay
from tests.support.running_sandbox import RunningSandbox
from tests.support.sandbox import sandbox_environment

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1800)]
SOON = 300
COHORT = "Tides,Winter 2099,2099-01-12,3"
ROSTER = f"""\
course,cohort,start_date,number_of_meetings,group,slot,timezone,name,email,discord_id,role
{COHORT},Heron,Monday 18:00 - Monday 19:00,UTC,Fay,fay@example.org,200000000000000001,facilitator
{COHORT},Heron,Monday 18:00 - Monday 19:00,UTC,Ada,ada@example.org,200000000000000002,participant
{COHORT},Tern,Tuesday 18:00 - Tuesday 19:00,UTC,Ben,ben@example.org,200000000000000003,participant
"""
# What a container's commands may do and write.
RIGHTS = """
import os
for line in open("/proc/self/status"):
    if line.startswith(("CapEff", "CapPrm", "CapBnd", "NoNewPrivs")):
        print(line.strip().replace("\\t", " "))
mounts = [line.split() for line in open("/proc/self/mounts")]
print(os.getuid(), [place for _, place, _, options, *_ in mounts if options[:2] != "ro"])
"""
# Whether the web process is ready, and a page of it with a file that the page names.
PAGE = """
import re, urllib.request
def read(path):
    headers = {"Host": "lens.example.org", "X-Forwarded-Proto": "https"}
    asked = urllib.request.Request("http://127.0.0.1:8000" + path, headers=headers)
    return urllib.request.urlopen(asked).read().decode()
style = re.findall(r'href="(/static/[^"]+\\.css)"', read("/sign-in/"))[0]
print(read("/healthz?ready"), len(read(style)) > 1000)
"""


@dataclass
class Installation:
    """What `docker compose up` starts, with a PostgreSQL and the sandboxes of this machine."""

    folder: Path
    sandbox: RunningSandbox
    started: ExitStack
    running: dict[str, Container] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = find_postgresql()
        assert programs
        self.url = start_cluster(programs, crashes=True)
        with psycopg.connect(self.url.replace("/lens?", "/postgres?"), autocommit=True) as database:
            database.execute("CREATE DATABASE lens")
        outside = urlsplit(self.sandbox.url)
        self.outside = (str(outside.hostname), int(outside.port or 0))
        doors = {5432: self.folder / "database.door", self.outside[1]: self.folder / "sandbox.door"}
        self.place = Place(
            self.folder,
            settings={
                "SECRET_KEY": "of a test",
                "INSTALLATION_ID": "read-only",
                "POSTGRES_PASSWORD": "of-a-test",
                "SITE_URL": "https://lens.example.org",
                "ALLOWED_HOSTS": "lens.example.org",
                "TRUSTED_PROXIES": "172.16.0.0/12,127.0.0.1",
                "EMAIL_URL": "dummymail://",
                "LOG_FORMAT": "json",
                **sandbox_environment(self.sandbox),
            },
            doors=doors,
            programs=find_backup_program("pg_dump").parent,
            # On a slow machine it would log that no worker is there.
            more={"web": {"WATCH_LOOK_SECONDS": "1000"}},
        )
        self.place.build()
        reaches = (self._reach_database, lambda: socket.create_connection(self.outside))
        for door, reach in zip(doors.values(), reaches, strict=True):
            self.started.callback(Relay(listen(door), reach).close)

    def make(self, service: str, files: Mapping[str, Path] | None = None) -> Container:
        made = Container(self.place, service, files)
        self.started.callback(made.end)
        return made

    def _reach_database(self) -> socket.socket:
        reached = socket.socket(socket.AF_UNIX)
        reached.connect(f"{self.url.partition('host=')[2]}/.s.PGSQL.5432")
        return reached

    def start(self) -> None:
        """Upgrade the database, and start the processes with a cohort that can be realized."""
        roster = self.folder / "roster.csv"
        roster.write_text(ROSTER, encoding="utf-8")
        (self.folder / "backups").mkdir()
        people = [line.split(",") for line in ROSTER.splitlines()[1:]]
        members = [{"id": row[9], "username": row[7].lower()} for row in people]
        self.sandbox.post("members", members)
        self.make("upgrade").run()
        self.running = {name: self.make(name, {"/roster.csv": roster}) for name in PROCESSES}
        for container in self.running.values():
            container.start()
        self.run("import_roster", "/roster.csv")

    def run(self, *command: str) -> str:
        return self.running["web"].run("python", "manage.py", *command)

    def wait_until_healthy(self) -> None:
        for container in self.running.values():
            wait_until(container.is_healthy, SOON, container.said())

    def read_entries(self, name: str) -> list[dict[str, Any]]:
        """Return the log entries of a process, without what a command prints when it starts."""
        said = self.running[name].said()
        assert "Traceback" not in said
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, one_sandbox_server: RunningSandbox
) -> Iterator[Installation]:
    one_sandbox_server.reset()
    with ExitStack() as started:
        yield Installation(tmp_path_factory.mktemp("compose"), one_sandbox_server, started)


def test_containers_that_can_write_nothing_realize_a_cohort_and_are_healthy(
    installation: Installation,
) -> None:
    installation.start()
    web = installation.running["web"]
    assert web.run("python", "-c", RIGHTS).splitlines() == [
        *(f"Cap{kind}: {0:016x}" for kind in ("Prm", "Eff", "Bnd")),
        "NoNewPrivs: 1",
        f"{USER} ['/tmp', '/dev/shm']",
    ]
    installation.run("realize_cohort", "1", "--wait")
    state = installation.sandbox.get("state")
    roles = [role["name"] for role in state["discord"]["roles"].values()]
    series = [event["fields"]["summary"] for event in state["google"]["events"].values()]
    for group in ("Heron", "Tern"):
        assert sum(group in name for name in roles) == 1, roles
        assert sum(group in name for name in series) == 1, series
    installation.wait_until_healthy()
    assert web.run("python", "-c", PAGE) == '{"status": "ready"} True\n'
    installation.make("backup").run()
    assert len(list((installation.folder / "backups").glob("*.dump"))) == 1
    for name in PROCESSES:
        entries = installation.read_entries(name)
        assert entries
        assert [each for each in entries if is_loud(each)] == []


def is_loud(entry: Mapping[str, Any]) -> bool:
    return entry["level"] in {"ERROR", "CRITICAL"}
