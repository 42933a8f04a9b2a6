"""Workers for tests, ended after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cohorts.models import Cohort, Course, Group
from cohorts.reconcile.models import GroupSync
from tests.lens.watch.running import SOON, RunningWorker
from tests.support.processes import wait_until


class DueWork:
    """Groups that the toy provider is to look at."""

    def __init__(self) -> None:
        self.cohort = Cohort.objects.create(
            course=Course.objects.create(name="Course"),
            name="Autumn",
            start_date=date(2026, 11, 2),
            number_of_meetings=4,
        )

    def add(self) -> GroupSync:
        """A group that is due.  No one is nudged, as when a nudge was lost."""
        number = Group.objects.count() + 1
        made = Group.objects.bulk_create([Group(cohort=self.cohort, name=f"Group {number}")])
        return GroupSync.objects.create(group=made[0], provider="toy")

    def wait_until_done(self, row: GroupSync, seconds: float = SOON) -> None:
        wait_until(lambda: is_done(row), seconds, "the group was not looked at")


def is_done(row: GroupSync) -> bool:
    row.refresh_from_db()
    return row.observed_generation == row.generation


@pytest.fixture
def due_work(transactional_db: None) -> DueWork:
    return DueWork()


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., RunningWorker]]:
    started: list[RunningWorker] = []

    def start(**about: Any) -> RunningWorker:
        started.append(RunningWorker(tmp_path, **about))
        return started[-1]

    yield start
    for worker in started:
        worker.end()
