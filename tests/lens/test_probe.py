"""`python -m lens.probe`, the health check of containers; test_gunicorn.py has that of the web."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.workers import heartbeats
from discordsync.bot.gateway import heartbeats as bot_heartbeats
from discordsync.bot.models import BotHeartbeat
from lens.probe import find_problem
from tests.support.processes import ROOT, database_url, environment

OWN = f"{socket.gethostname()[:70]}:1:ab"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("process", "record", "model"),
    [
        ("worker", heartbeats.record_heartbeat, WorkerHeartbeat),
        ("bot", bot_heartbeats.record_heartbeat, BotHeartbeat),
    ],
)
def test_a_probe_asks_for_the_process_of_its_own_container(
    process: str, record: Any, model: Any
) -> None:
    env = {"DATABASE_URL": database_url()}
    silent = f"The {process} does not work. Its log says why."
    record("another:1:ab")
    assert find_problem(process, env) == silent
    record(OWN)
    assert find_problem(process, env) is None
    model.objects.update(last_seen_at=Now() - heartbeats.HEARD_WITHIN + timedelta(seconds=60))
    assert find_problem(process, env) is None
    model.objects.update(last_seen_at=Now() - heartbeats.HEARD_WITHIN - timedelta(seconds=1))
    assert find_problem(process, env) == silent


@pytest.mark.django_db(transaction=True)
def test_settings_can_be_in_files_as_everywhere(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(database_url() + "\n", encoding="utf-8")
    heartbeats.record_heartbeat(OWN)
    assert find_problem("worker", {"DATABASE_URL_FILE": str(secret), "DATABASE_URL": ""}) is None
    gone = find_problem("worker", {"DATABASE_URL_FILE": str(tmp_path / "none")})
    assert gone is not None
    assert gone.startswith("The worker cannot be asked: DATABASE_URL_FILE")


def test_a_database_that_is_away_is_named_without_its_password() -> None:
    env = {"DATABASE_URL": "postgres://lens:swordfish@127.0.0.1:9/none"}
    assert find_problem("worker", env) == "The worker does not work: OperationalError."


@pytest.mark.parametrize("bind", ["127.0.0.1", "localhost:abc", "unix:", "[::]:99999"])
def test_an_address_that_cannot_be_asked_is_a_sentence(bind: str) -> None:
    assert find_problem("web", {"WEB_BIND": bind}) == (
        "The web cannot be asked: WEB_BIND must be an address and a port, such as 0.0.0.0:8000, "
        f"or unix:/path; it is {bind!r}."
    )


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


class IPv6Server(HTTPServer):
    address_family = socket.AF_INET6


@pytest.mark.parametrize("bind", ["[::]:{}", "[::1]:{}", "[::1]:{},127.0.0.1:9"])
def test_a_web_process_that_listens_on_ipv6_is_asked_there(bind: str) -> None:
    with IPv6Server(("::1", 0), Healthy) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        problem = find_problem("web", {"WEB_BIND": bind.format(server.server_port)})
        thread.join(timeout=1)
    assert problem is None


@pytest.mark.django_db(transaction=True)
def test_a_probe_is_a_command_that_does_not_start_django() -> None:
    def probe(*python: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *python, "worker"],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    failed = probe("-m", "lens.probe")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "The worker does not work. Its log says why.\n"
    heartbeats.record_heartbeat(OWN)
    run = "import sys, lens.probe as p\ntry: p.main()\nfinally: print('django.db' in sys.modules)"
    done = probe("-c", run)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
