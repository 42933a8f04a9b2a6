"""What a report of an error holds: where it happened, and nothing about people."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lens.sentry import leave_out_query
from tests.support.processes import ROOT, wait_until

FAIL = """
import logging
import django
django.setup()

def serve(person):
    address = f"{person}@example.org"
    raise ValueError("no such week")

try:
    serve("alice")
except ValueError:
    logging.getLogger("lens").exception("A task failed")
import sentry_sdk
sentry_sdk.flush(10)
"""


class Collector:
    """Takes what Sentry's client sends."""

    def __init__(self) -> None:
        self.received: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                packed = self.headers.get("Content-Encoding") == "gzip"
                collector.received.append((gzip.decompress(body) if packed else body).decode())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://key@127.0.0.1:{self.server.server_address[1]}/1"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def fail(dsn: str) -> None:
    subprocess.run(
        [sys.executable, "-c", FAIL],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lens.settings", "SENTRY_DSN": dsn},
        check=True,
        capture_output=True,
    )


def test_an_error_is_reported_with_its_trace_and_without_people(collector: Collector) -> None:
    fail(collector.dsn)
    wait_until(lambda: collector.received, 10, "nothing was reported")
    event = json.loads(collector.received[0].splitlines()[2])
    error = event["exception"]["values"][0]
    assert error["value"] == "no such week"
    assert error["stacktrace"]["frames"][-1]["function"] == "serve"
    assert "alice@example.org" not in collector.received[0]


def test_nothing_is_reported_without_an_address(collector: Collector) -> None:
    fail("")
    assert collector.received == []


def test_the_query_of_an_address_is_left_out() -> None:
    event = {"request": {"url": "https://lens.example.org/x/", "query_string": "code=abc"}}
    assert leave_out_query(event, {}) == {"request": {"url": "https://lens.example.org/x/"}}
    assert leave_out_query({}, {}) == {}
