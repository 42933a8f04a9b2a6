"""What a report of an error holds: where it happened, and nothing about people."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT, environment, wait_until
from tests.support.reports import ReportCollector

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

# What a worker and a web process do in an outage of the database.
from django.db import OperationalError, connection
from django.test import Client
connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": 9}
for _ in range(3):
    try:
        connection.ensure_connection()
    except OperationalError as error:
        logging.getLogger("django-q").error(error)
        logging.getLogger("lens").exception("Another task failed")
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    assert client.get("/calendar/feed.ics").status_code == 500
import sentry_sdk
sentry_sdk.flush(10)
"""


def fail(dsn: str) -> None:
    subprocess.run(
        [sys.executable, "-c", FAIL],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lens.settings", "SENTRY_DSN": dsn},
        check=True,
        capture_output=True,
    )


def test_an_error_is_reported_with_its_trace_and_without_people_and_an_outage_once(
    collector: ReportCollector,
) -> None:
    fail(collector.dsn)
    events = [
        json.loads(each.splitlines()[2]) for each in collector.received if '"type":"event"' in each
    ]
    event, outage = events
    assert "The database is unavailable" in outage["logentry"]["message"]
    error = event["exception"]["values"][0]
    assert error["value"] == "no such week"
    assert error["stacktrace"]["frames"][-1]["function"] == "serve"
    assert "alice@example.org" not in collector.received[0]


@pytest.mark.matrix
def test_nothing_is_reported_without_an_address(collector: ReportCollector) -> None:
    fail("")
    assert collector.received == []


# Requests, a refused row, a task's log line, a breadcrumb and a transaction: each with something
# that must stay here.  Every one of these texts holds "hush" or "example.org".
LEAK = """
import logging
import django
django.setup()
import sentry_sdk
from django.db import connection, transaction
from django.test import Client
from cohorts.outbox.rendering.links import unsubscribe_url
from cohorts.models import User

log = logging.getLogger("lens")
log.info("Read /calendar/hush-breadcrumb.ics?hush=1 for %s", "dora@example.org")
try:
    with transaction.atomic():
        for name in ("Alice hush", "Bob hush"):
            User.objects.create_user("alice.hush@example.org", name=name)
except Exception:
    log.exception("Cannot save %s with code=%s", "bob@example.org", "hush-code")

with sentry_sdk.start_transaction(name="GET /password/hush/hush-token/", sampled=True) as whole:
    with whole.start_child(op="http", name="GET https://discord.test/?code=hush") as part:
        part.set_data("http.query", "code=hush")
        part.set_data("url", "https://discord.test/api/webhooks/1/hush-webhook/messages")

with connection.cursor() as cursor:
    cursor.execute("SET search_path TO nowhere")  # every request that needs the database fails
client = Client(raise_request_exception=False, headers={
    "host": "localhost",
    "referer": "http://localhost/password/hush/hush-token/",
    "authorization": "Bearer hush-hush-hush-hush",
    "x-csrftoken": "hush-csrf",
})
client.cookies["sessionid"] = "hush-session"
print(unsubscribe_url(7).rpartition(":")[2].strip("/"))
for path in (
    "/calendar/hush-feed.ics",
    "/password/Nw/hush-token/",
    "/sign-in/discord/callback/?code=hush&state=hush",
    "/meetings/?address=alice%40example.org",
):
    client.get(path)
client.post(unsubscribe_url(7))
sentry_sdk.flush(10)
"""


@pytest.mark.django_db(transaction=True)
def test_a8_reports_and_logs_hold_no_secrets_and_no_people(collector: ReportCollector) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAK],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="lens.settings", SENTRY_DSN=collector.dsn)
        | {"LOG_LEVEL": "INFO"},
        check=True,
        capture_output=True,
        text=True,
    )
    wait_until(lambda: len(collector.received) >= 7, 10, "not everything was reported")
    reports = "\n".join(collector.received)
    assert '"type":"transaction"' in reports
    assert "Key (email" not in reports + done.stderr
    for text in (reports, done.stderr):
        assert "duplicate key value" in text  # what happened is still said
        for secret in ("hush", "example.org", "Alice", done.stdout.strip()):
            assert secret not in text, text[text.index(secret) - 300 :][:600]
