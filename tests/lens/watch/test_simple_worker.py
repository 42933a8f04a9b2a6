"""A term's basics with `manage.py worker --simple`: nothing depends on django-q2's cluster."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from django_q.models import OrmQ
from django_q.tasks import async_task

from cohorts import clock
from cohorts.models import Cohort, Installation, User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync, ProviderState, WorkerHeartbeat
from cohorts.roster.importing import preview_roster
from cohorts.roster.waiting.services import ask_for_import
from guestvisits.services.booking import book_visit
from lens.schedules import ENTRIES
from lens.watch.simple_worker import work_once
from tests.support.cohort import MadeCohort, join, make_cohort, realize
from tests.support.processes import ROOT, environment, wait_until
from tests.support.roster import make_file, make_line
from tests.support.sandbox import sandbox_environment

SOON = 60


def make_cohort_that_meets_soon() -> MadeCohort:
    """Two groups, whose first meetings begin in 20 and 22 hours."""
    first = clock.now() + timedelta(hours=20)
    made = make_cohort(groups=2, members=2, start_date=(first - timedelta(days=1)).date())
    for group, starts_at in zip(made.groups, (first, first + timedelta(hours=2)), strict=True):
        group.weekday = starts_at.weekday()
        group.start_time = starts_at.time().replace(second=0, microsecond=0)
        group.save()
    return made


@pytest.mark.django_db(transaction=True)
def test_one_process_without_a_cluster_realizes_books_and_reminds(
    sandbox: Any, mail_server: Any, tmp_path: Path
) -> None:
    Installation.objects.ensure(clock.now())
    long_ago = clock.now() - timedelta(days=2)
    Installation.objects.update(first_started_at=long_ago, quiet_before=long_ago)
    made = make_cohort_that_meets_soon()
    Cohort.objects.update(first_known_at=long_ago)  # else their reminder was due before that
    join(sandbox, made.people)
    log = tmp_path / "worker.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", "--simple"],
            cwd=ROOT,
            env=environment(
                **sandbox_environment(sandbox), EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}"
            ),
            stdout=sink,
            stderr=sink,
        )
    try:
        realize(made)
        wait_until(lambda: count_ready() == 4, SOON, log.read_text())
        visitor, home, host = made.people[1], *(g.meetings.get(number=1) for g in made.groups)
        book_visit(visitor.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=clock.now())
        wait_until(lambda: len(read_roles(sandbox, visitor)) == 2, SOON, log.read_text())
        everyone = {person.email for person in made.people}
        # Collected once a minute, and sent in the next look.
        wait_until(lambda: read_reminded() == everyone, 3 * SOON, log.read_text())
        assert everyone <= set(mail_server.recipients)
        assert WorkerHeartbeat.objects.count() == 1
        wait_until(lambda: not OrmQ.objects.exists(), SOON, "nudges are left")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()
    assert not WorkerHeartbeat.objects.exists()
    assert not ProviderState.objects.exclude(holder="").exists()


@pytest.mark.django_db(transaction=True)
def test_a_roster_that_staff_confirmed_is_imported_at_once(without_providers: None) -> None:
    staff = User.objects.create_user("staff@example.org", name="Staff", is_staff=True)
    file = make_file(make_line("Alice")).encode()
    digest = preview_roster(file).digest
    asked = ask_for_import(
        "a", "a.csv", file, confirmed=digest, terms=None, by=staff, now=clock.now()
    )
    async_task("cohorts.roster.waiting.tasks.import_waiting")
    work_once(dict.fromkeys((entry.name for entry in ENTRIES), inf))  # no schedule is due
    asked.refresh_from_db()
    assert asked.state == "done"


def count_ready() -> int:
    return GroupSync.objects.filter(ready_at__isnull=False).count()


def read_roles(sandbox: Any, person: User) -> list[str]:
    guild = sandbox.get("state")["discord"]
    return guild["members"][str(person.discord_id)]["roles"]


def read_reminded() -> set[str]:
    """The addresses to which the reminder of the day before was sent."""
    sent = Message.objects.filter(kind="reminder", channel="email", state="sent")
    return set(sent.values_list("user__email", flat=True))
