"""Liveness and readiness."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F
from django.test import Client
from django.utils import timezone

from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.workers import heartbeats
from discordsync.bot.gateway import heartbeats as bot_heartbeats
from discordsync.bot.models import BotHeartbeat
from tests.support.academy import Academy
from tests.support.processes import ROOT

Answer = tuple[int, dict[str, str]]


@pytest.fixture
def academy(db: None) -> Academy:
    return Academy(timezone.now())


def ask(client: Client, path: str) -> Answer:
    response = client.get(path)
    return response.status_code, response.json()


def test_the_web_is_alive_with_any_state_of_the_database(client: Client) -> None:
    """No database is allowed in this test."""
    assert ask(client, "/healthz") == (200, {"status": "alive"})


@pytest.mark.django_db
def test_it_is_ready_while_a_worker_is_running(client: Client) -> None:
    heartbeats.record_heartbeat("machine:1")
    assert ask(client, "/healthz?ready") == (200, {"status": "ready"})


@pytest.mark.django_db
@pytest.mark.parametrize("silence", [None, timedelta(seconds=91)])
def test_it_is_not_ready_without_a_worker(client: Client, silence: timedelta | None) -> None:
    if silence:
        WorkerHeartbeat.objects.create(name="machine:1", last_seen_at=timezone.now() - silence)
    status, said = ask(client, "/healthz?ready")
    assert status == 503
    assert said["missing"] == "No worker has responded for 90 seconds: start manage.py worker."


@pytest.mark.django_db
def test_a_bot_that_is_not_running_is_reported_apart_from_being_ready(client: Client) -> None:
    heartbeats.record_heartbeat("machine:1")
    assert ask(client, "/healthz?ready") == (200, {"status": "ready"})
    status, said = ask(client, "/healthz?bot")
    assert status == 503
    assert said["missing"] == (
        "The bot has not responded for 90 seconds: start manage.py run_discord_bot."
    )
    bot_heartbeats.record_heartbeat("machine:2")
    assert ask(client, "/healthz?bot") == (200, {"status": "ready"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hear", "path"),
    [
        (heartbeats.record_heartbeat, "/healthz?ready"),
        (bot_heartbeats.record_heartbeat, "/healthz?bot"),
    ],
)
def test_o4_a_machine_whose_clock_is_fast_does_not_keep_a_dead_process_alive(
    client: Client, hear: Callable[[str], None], path: str
) -> None:
    """Its last heartbeat is 91 seconds old in the database's time."""
    heartbeats.record_heartbeat("another machine")
    with time_machine.travel(timezone.now() + timedelta(minutes=70)):
        hear("machine:1")
    assert ask(client, path)[0] == 200
    for model in (WorkerHeartbeat, BotHeartbeat):
        model.objects.update(last_seen_at=F("last_seen_at") - timedelta(seconds=91))
    assert ask(client, path)[0] == 503


@pytest.mark.django_db
def test_it_is_not_ready_before_the_database_is_migrated(client: Client) -> None:
    heartbeats.record_heartbeat("machine:1")
    MigrationRecorder.Migration.objects.filter(app="django_q").latest("pk").delete()
    status, said = ask(client, "/healthz?ready")
    assert status == 503
    assert said["missing"] == "The database has unapplied migrations: run manage.py migrate."


@pytest.mark.django_db
@pytest.mark.parametrize(
    "refuse",
    [
        "SET transaction_read_only = on",  # a standby, or a provider's answer to a full disk
        "SET temp_file_limit = '100kB'",  # a disk on which nothing new fits
    ],
)
def test_o8_it_is_not_ready_while_the_database_takes_no_writes(client: Client, refuse: str) -> None:
    heartbeats.record_heartbeat("machine:1")
    assert ask(client, "/healthz?ready") == (200, {"status": "ready"})
    assert WorkerHeartbeat.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute(refuse)
        try:
            status, said = ask(client, "/healthz?ready")
        finally:
            cursor.execute("RESET temp_file_limit")
    assert status == 503
    assert said["missing"] == (
        "The database does not accept writes (is its disk full?). See the web log for the reason."
    )
    assert ask(client, "/healthz") == (200, {"status": "alive"})


@pytest.mark.django_db
def test_o8_people_and_programs_can_read_that_nothing_can_be_written(academy: Academy) -> None:
    alice = academy.add_member("Alice", "A")
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    home, host = academy.meeting("A").pk, academy.meeting("B").pk
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is checked at the end would write
        cursor.execute("SET transaction_read_only = on")
    page = client.post(f"/meetings/{home}/visit/", {"host": host})
    assert page.status_code == 500
    assert "Sorry, something went wrong" in page.content.decode()
    body = {"home_meeting_id": home, "host_meeting_id": host}
    answer = client.post("/api/guest-visits", body, content_type="application/json")
    assert answer.status_code == 500
    assert answer.json()["code"] == "failure"
    assert answer.json()["detail"] == answer.json()["sentence"]


def test_a_database_that_is_down_is_reported_without_its_address() -> None:
    code = (
        "import django, json; django.setup(); from django.test import Client; "
        "answer = Client().get('/healthz?ready', SERVER_NAME='localhost'); "
        "print(json.dumps([answer.status_code, answer.json()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "lens.settings",
            "DATABASE_URL": "postgres://lens:swordfish@127.0.0.1:9/none",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    status, said = json.loads(done.stdout)
    assert status == 503
    assert said["missing"] == "The database is unavailable. See the web log for the reason."


def test_only_reading_is_answered(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
