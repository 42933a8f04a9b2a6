"""A row of the queue or of the schedules never chooses the code that a worker runs."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Failure, OrmQ, Schedule
from django_q.signing import SignedPackage

from cohorts.reconcile.workers.nudges import nudge
from lens.schedules import TASKS, ensure_schedules
from lens.watch.cluster import queue_due_schedules
from tests.lens.watch.conftest import DueWork
from tests.lens.watch.running import RunningWorker
from tests.support.processes import ROOT, wait_until

SWEEP = "cohorts.reconcile.tasks.sweep"


class Trap:
    """Unpickled, it calls a function."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.system, (self.command,)


def queue(**fields: Any) -> None:
    """Write a row of the queue as someone does who knows SECRET_KEY."""
    task = {
        "id": "1" * 32,
        "name": "theirs",
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
        "ack_failure": True,
        **fields,
    }
    payload = SignedPackage.dumps(task)
    OrmQ.objects.create(key=settings.Q_CLUSTER["name"], payload=payload, lock=timezone.now())


def schedule(**fields: Any) -> Schedule:
    return Schedule.objects.create(
        **{"name": "theirs", "schedule_type": Schedule.MINUTES, "minutes": 1, **fields}
    )


@pytest.fixture
def touch(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Commands that make a file each; none of the files may exist at the end."""

    def touch(name: str) -> str:
        return f"touch {tmp_path}/ran-{name}"

    yield touch
    assert [path.name for path in tmp_path.glob("ran-*")] == []


def write_bad_rows(touch: Callable[[str], str]) -> None:
    queue(func="os.system", args=(touch("queue"),))
    queue(func=os.system, args=(touch("object"),))
    queue(func=SWEEP, args=(Trap(touch("pickle")),))
    queue(func=SWEEP, hook="os.system")
    queue(func=SWEEP, chain=[("os.system", (touch("chain"),))])
    queue(func=SWEEP, group="g", cached=True, iter_count=1)
    OrmQ.objects.create(key="lens", payload="forged", lock=timezone.now())


def test_a3_a_worker_sets_aside_what_is_not_lens_own_and_goes_on(
    start_worker: Callable[..., RunningWorker], due_work: DueWork, touch: Callable[[str], str]
) -> None:
    command = repr(touch("schedule"))
    schedule(func="os.system", args=command)
    schedule(func=SWEEP, hook="os.system")
    write_bad_rows(touch)
    worker = start_worker()
    row = due_work.add()
    nudge("toy")
    due_work.wait_until_done(row)
    assert Failure.objects.count() == 7, worker.said()
    assert not OrmQ.objects.filter(payload="forged").exists()
    assert set(Schedule.objects.filter(name="theirs").values_list("repeats", flat=True)) == {0}
    assert worker.said().count("was rejected and did not run") == 7, "each once"
    assert worker.said().count("is turned off") == 2, "each once"
    assert "sudden death" not in worker.said(), "no process of the cluster was lost by it"


@pytest.mark.matrix
def test_a3_a_schedule_written_while_a_worker_runs_is_switched_off_before_it_is_due(
    start_worker: Callable[..., RunningWorker], due_work: DueWork, touch: Callable[[str], str]
) -> None:
    worker = start_worker()
    worker.find("worker")
    bad = schedule(func="os.system", args=repr(touch("schedule")))

    def is_off() -> bool:
        bad.refresh_from_db()
        return bad.repeats == 0

    wait_until(is_off, 90, worker.said())
    row = due_work.add()
    nudge("toy")
    due_work.wait_until_done(row)
    assert not Failure.objects.exists(), "it never came as far as the queue"


@pytest.mark.django_db(transaction=True)  # django-q2 closes the connection in between
def test_a3_due_schedules_of_ours_are_queued_and_no_others(touch: Callable[[str], str]) -> None:
    ensure_schedules()
    Schedule.objects.update(next_run=timezone.now())
    schedule(func="os.system", args=repr(touch("schedule")))
    schedule(
        func="os.system", kwargs=f"{{'q_options': {{'sync': True}}, 'c': {touch('at-once')!r}}}"
    )
    at_once = f"q_options={{'sync': True, 'hook': 'os.system'}}, x={touch('kept')!r}"
    schedule(func=SWEEP, name="with options", kwargs=at_once)
    queue_due_schedules()
    queued = {str(row.group()): str(row.func()) for row in OrmQ.objects.all()}
    assert "theirs" not in queued
    assert set(queued.values()) <= TASKS
    assert len(queued) > 2, "ours were queued, and nothing ran at once in this process"
    broker = get_broker()
    taken = [broker.dequeue() for _ in queued]
    assert taken.count(None) == 1, "with its hook it leaves the queue, but not to a worker"
    assert Failure.objects.get().func == SWEEP


def find_queued() -> Iterator[tuple[str, str]]:
    """Each `async_task(…)` of the product: where it is, and what it queues."""
    apps = ("lens", "cohorts", "meetings", "guestvisits", "discordsync", "calendarsync")
    for path in (file for app in apps for file in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "async_task":
                yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.args[0])


def test_a3_everything_that_lens_queues_is_on_the_list() -> None:
    queued = dict(find_queued())
    assert queued
    listed = {repr(name) for name in TASKS} | {"schedules.SWEEP"}
    assert {place: func for place, func in queued.items() if func not in listed} == {}
