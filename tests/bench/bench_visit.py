"""From the click to the role and the invitation: 50 visits, each with a worker that is idle.

The web process, the worker and both services are real, and people click over HTTP. These times are
adjusted to the reference machine as a whole, although a worker reads its queue every 0.2 s.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean, median
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from cohorts.models import Group, User
from cohorts.reconcile.models import ProviderState
from meetings.models import Meeting
from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, measure_slowness
from tests.lens.test_gunicorn import answers, web_command
from tests.support.cohort import MadeCohort, are_in_sync, join, make_cohort, realize
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
    with running(
        sandbox, tmp_path / "worker.log", sys.executable, "manage.py", "worker"
    ) as process:
        yield process


@pytest.fixture
def web(transactional_db: None, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[int]:
    """The port of the web process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with running(sandbox, tmp_path / "web.log", *web_command(), PORT=str(port)):
        wait_until(lambda: answers(port), PATIENCE, "the web process does not answer")
        yield port


@contextmanager
def running(
    sandbox: RunningSandbox, log: Path, *command: str, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**sandbox_environment(sandbox), **more),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def test_time_from_the_click_to_access(
    sandbox: RunningSandbox, worker: subprocess.Popen[bytes], web: int, record: RecordFigure
) -> None:
    made = make_cohort(groups=2, members=1 + VISITS // 2, meetings=2)
    join(sandbox, made.people)
    realize(made)
    wait_until(lambda: are_in_sync(made), PATIENCE, "the cohort was not realized")

    took: dict[str, list[float]] = {
        what: [] for what in ("answer", "first call to Discord", "role", "invitation")
    }
    slowness = []
    for person in participants(made):
        wait_until(lambda: is_idle(made), PATIENCE, "the worker is not idle")
        slowness.append(measure_slowness())
        visit(person, made, web, sandbox, took)
        slowness.append(measure_slowness())
    for what, seconds in took.items():
        usual, worst = (Measured(of(seconds), mean(slowness)) for of in (median, max))
        record(f"from the click to the {what}: median of {VISITS}", usual, "s", 0.4)
        record(f"from the click to the {what}: worst of {VISITS}", worst, "s", 1.0)


def participants(made: MadeCohort) -> list[User]:
    role = "participant"
    return list(User.objects.filter(memberships__group__in=made.groups, memberships__role=role))


def is_idle(made: MadeCohort) -> bool:
    """Whether nothing is due or queued, and no run goes on: it may begin just after the last."""
    return (
        are_in_sync(made)
        and not OrmQ.objects.exists()
        and not ProviderState.objects.exclude(holder="").exists()
    )


def visit(
    person: User,
    made: MadeCohort,
    web: int,
    sandbox: RunningSandbox,
    took: dict[str, list[float]],
) -> None:
    """Press “join this meeting”, and note when the two calls that matter were answered."""
    home, host = home_and_host(person, made.groups)
    browser = Client()
    browser.force_login(person)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    since = sandbox.last
    clicked = time.time()
    status = press(web, cookie, reverse("book-visit", args=[home.pk]), host=host.pk)
    took["answer"].append(time.time() - clicked)
    assert status == 302
    for what, is_it in {"role": grants(person), "invitation": invites(person)}.items():
        took[what].append(wait_for(sandbox, since, is_it) - clicked)
    first = min(map(ended_at, sandbox.calls(since, service="discord")))
    took["first call to Discord"].append(first - clicked)


def press(port: int, session: str, path: str, **fields: Any) -> int:
    """Send a form as a browser does; return the status of the answer."""
    token = "t" * 32
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: token}
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(
        "POST",
        path,
        urlencode({**fields, "csrfmiddlewaretoken": token}),
        {
            "Host": "localhost",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        },
    )
    return connection.getresponse().status


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
