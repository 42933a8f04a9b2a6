"""From the click to the role and the invitation, with a worker that is idle: 50 visits.

`make bench` prints the figures; a time is no test, so nothing here fails for being slow.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cohorts.models import Group, User
from cohorts.reconcile.models import GroupSync
from meetings.models import Meeting
from tests.bench.figures import RecordFigure
from tests.support.cohort import MadeCohort, join, make_cohort, realize
from tests.support.processes import ROOT, environment, wait_until
from tests.support.running_sandbox import RunningSandbox
from tests.support.sandbox import sandbox_environment

VISITS = 50
PATIENCE = 300
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def worker(
    transactional_db: None, sandbox: RunningSandbox, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env=environment(**sandbox_environment(sandbox)),
            stdout=log,
            stderr=log,
        )
    yield process
    process.terminate()
    process.wait()


def test_time_from_the_click_to_access(
    sandbox: RunningSandbox, worker: subprocess.Popen[bytes], record: RecordFigure
) -> None:
    made = make_cohort(groups=2, members=1 + VISITS // 2, meetings=2)
    join(sandbox, made.people)
    realize(made)
    wait_until(lambda: all_stand(made), PATIENCE, "the cohort was not realized")

    took: dict[str, list[float]] = {"role": [], "invitation": []}
    for person in participants(made):
        visit(person, made, sandbox, took)
    for what, seconds in took.items():
        record(f"from the click to the {what}: median of {VISITS}", median(seconds), "s", 0.4)
        record(f"from the click to the {what}: worst of {VISITS}", max(seconds), "s", 1.0)


def all_stand(made: MadeCohort) -> bool:
    rows = GroupSync.objects.filter(group__in=made.groups)
    return rows.exists() and all(
        row.ready_at and row.observed_generation == row.generation for row in rows
    )


def participants(made: MadeCohort) -> list[User]:
    role = "participant"
    return list(User.objects.filter(memberships__group__in=made.groups, memberships__role=role))


def visit(
    person: User, made: MadeCohort, sandbox: RunningSandbox, took: dict[str, list[float]]
) -> None:
    """Press “join this meeting”, and note when the two calls that matter were answered."""
    wait_until(lambda: all_stand(made), PATIENCE, "the worker is not idle")
    home, host = home_and_host(person, made.groups)
    browser = Client()
    browser.force_login(person)
    since = sandbox.last
    clicked = time.time()
    answer = browser.post(reverse("book-visit", args=[home.pk]), {"host": host.pk})
    assert answer.status_code == 302, answer.content.decode()
    for what, is_it in {"role": grants(person), "invitation": invites(person)}.items():
        took[what].append(wait_for(sandbox, since, is_it) - clicked)


def home_and_host(person: User, groups: list[Group]) -> tuple[Meeting, Meeting]:
    first = {group.pk: Meeting.objects.get(group=group, number=1) for group in groups}
    home = first.pop(person.memberships.get().group_id)
    return home, first.popitem()[1]


def grants(person: User) -> Callable[[dict[str, Any]], bool]:
    return lambda call: call["method"] == "PUT" and f"/members/{person.discord_id}/" in call["path"]


def invites(person: User) -> Callable[[dict[str, Any]], bool]:
    return lambda call: call["service"] == "google" and str(person.email) in str(call["body"])


def wait_for(sandbox: RunningSandbox, since: int, is_it: Callable[[dict[str, Any]], bool]) -> float:
    """When such a write was answered, as seconds since 1970."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = [call for call in sandbox.writes(since) if call["status"] and is_it(call)]
        return bool(found)

    wait_until(look, PATIENCE, "no such call came")
    return ended_at(found[0])


def ended_at(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["started"]).timestamp() + float(call["seconds"])
