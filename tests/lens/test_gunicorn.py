"""A real gunicorn with the project's own configuration."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lens.probe import connect_to, find_problem
from tests.support.processes import ROOT, wait_until

Served = tuple[int, Path]  # the port, and the log
Serve = Callable[..., Served]

SOON = 60
# A second is what is promised; a busy machine may take longer, but a blocked worker takes 30.
AT_ONCE = 8


HTTPS = {"X-Forwarded-Proto": "https"}
PRODUCTION = {
    "WEB_CONCURRENCY": "1",
    "DEBUG": "0",
    "SECRET_KEY": "of production",
    "INSTALLATION_ID": "academy",
    "SITE_URL": "https://localhost",
    "ALLOWED_HOSTS": "localhost",
}


@contextmanager
def serving(folder: Path) -> Iterator[Serve]:
    """Start the Procfile's web on a free port; the port, and the file with what it says."""
    with ExitStack() as started:

        def serve(**environment: str) -> tuple[int, Path]:
            log = folder / "web.log"
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            process = subprocess.Popen(
                web_command(),
                cwd=ROOT,
                env={
                    **os.environ,
                    "PORT": str(port),
                    "PYTHONUNBUFFERED": "1",
                    **{
                        name: value.replace("{port}", str(port))
                        for name, value in environment.items()
                    },
                },
                stdout=log.open("wb"),
                stderr=subprocess.STDOUT,
            )
            started.callback(process.wait)
            started.callback(process.kill)  # its workers end
            wait_until(lambda: answers(port), SOON, log.read_text(encoding="utf-8"))
            return port, log

        yield serve


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path) as serve:
        yield serve


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A web process for all tests that change nothing of it."""
    with serving(tmp_path_factory.mktemp("web")) as serve:
        # What it logs about a missing worker stays in the cache, for other tests.
        yield serve(WEB_CONCURRENCY="1", WATCH_LOOK_SECONDS="1000")


def web_command() -> list[str]:
    [line] = re.findall(r"^web: gunicorn (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    return [str(Path(sys.executable).with_name("gunicorn")), *line.split()]


def ask(port: int, path: str = "/healthz", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=AT_ONCE)
    connection.request("GET", path, headers={"Host": "localhost", **headers})
    return connection.getresponse()


def answers(port: int) -> bool:
    try:
        return ask(port).status == 200
    except OSError:
        return False


def test_a12_half_sent_requests_hold_up_no_one_else_and_only_this_machine_can_send_them(
    serve: Serve,
) -> None:
    port, log = serve()
    assert f"Listening at: http://127.0.0.1:{port}" in log.read_text(encoding="utf-8")
    with ExitStack() as half_sent:
        for _ in range(10):
            connection = half_sent.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        for _ in range(6):
            begun = time.monotonic()
            assert ask(port).status == 200
            assert time.monotonic() - begun < AT_ONCE


@pytest.mark.parametrize(
    ("proxies", "status"), [("", 301), pytest.param("127.0.0.1", 302, marks=pytest.mark.matrix)]
)
def test_a12_forwarded_headers_count_where_the_operator_says_so(
    serve: Serve, proxies: str, status: int
) -> None:
    """301 is the way to https, for a request that came without it."""
    port, _ = serve(**PRODUCTION, TRUSTED_PROXIES=proxies)
    answer = ask(port, "/meetings/", **HTTPS)
    assert answer.status == status, answer.headers


def test_a_probe_of_the_web_process_shows_whether_it_answers(one_process: Served) -> None:
    port, _ = one_process
    assert find_problem("web", {"WEB_BIND": f"0.0.0.0:{port}"}) is None
    assert (
        find_problem("web", {"PORT": f"{port}", "WEB_BIND": "", "ALLOWED_HOSTS": "localhost, b"})
        is None
    )
    nowhere = find_problem("web", {"WEB_BIND": "127.0.0.1:9"})
    assert nowhere == "The web does not work: ConnectionRefusedError."


def test_a_web_process_that_listens_on_a_unix_socket_is_asked_there_and_trusts_its_proxy(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "lens.sock"
    serve(**PRODUCTION, TRUSTED_PROXIES="*", WEB_BIND=f"unix:{path},127.0.0.1:{{port}}")
    for spelling in (f"unix:{path}", f"unix://{path}"):
        assert find_problem("web", {"WEB_BIND": spelling}) is None
    connection = connect_to(f"unix:{path}")
    connection.request("GET", "/meetings/", headers={"Host": "localhost", **HTTPS})
    assert connection.getresponse().status == 302, "301 is the way to https"
    nowhere = find_problem("web", {"WEB_BIND": f"unix:{path}2"})
    assert nowhere == "The web does not work: FileNotFoundError."


def test_the_web_process_looks_for_a_worker_also_if_no_one_asks_it_whether_one_is_there(
    serve: Serve,
) -> None:
    nowhere = "postgres://lens@127.0.0.1:9/none"
    _, log = serve(WEB_CONCURRENCY="1", WATCH_LOOK_SECONDS="0.1", DATABASE_URL=nowhere)
    begin = "The database is unavailable"  # it was asked for a worker's heartbeat
    wait_until(lambda: begin in log.read_text(encoding="utf-8"), SOON, "it does not look")
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_a8_the_access_log_holds_no_tokens_codes_or_addresses(
    one_process: Served,
) -> None:
    port, log = one_process
    paths = [
        "/calendar/hush-feed.ics",
        "/unsubscribe/hush:token/",
        "/password/hush/hush-token/",
        "/sign-in/discord/callback/?code=hush&state=hush",
        "/nowhere/?address=hush%40example.org",
    ]
    for path in paths:
        ask(port, path, Referer=f"http://localhost{path}")
    wait_until(lambda: '"GET /nowhere/' in log.read_text(encoding="utf-8"), SOON, "no access log")
    said = log.read_text(encoding="utf-8")
    for path in ("/calendar/….ics", "/unsubscribe/…/", "/password/…/…/", "/nowhere/?…"):
        assert f'"GET {path} HTTP/1.1"' in said
    assert "hush" not in said


def test_o13_an_unknown_host_writes_one_line(one_process: Served) -> None:
    port, log = one_process
    assert ask(port, "/meetings/", Host="else.where").status == 400
    asked = '"GET /meetings/'
    wait_until(lambda: asked in log.read_text(encoding="utf-8"), SOON, "no access log")
    # Lines about the start, and about the question whether it has started, may come at any time.
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "healthz" not in line]
    [complaint] = [line for line in lines if "Invalid HTTP_HOST header: 'else.where'" in line]
    assert [line for line in lines[lines.index(complaint) + 1 :] if asked not in line] == []


def test_the_format_of_the_log_can_be_in_a_file_as_every_setting(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "format").write_text("json\n", encoding="utf-8")
    _, log = serve(WEB_CONCURRENCY="1", LOG_FORMAT_FILE=str(tmp_path / "format"))
    [*_, last] = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(last)["message"]
