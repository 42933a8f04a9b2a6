"""Any process of the cluster killed, idle or busy: due work is done soon."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from cohorts.reconcile.workers.nudges import nudge
from lens.watch.stall import LEFT_BY_KILLED
from tests.lens.watch.conftest import DueWork
from tests.lens.watch.running import SOON, RunningWorker, is_group_alive
from tests.support.processes import wait_until

KINDS = ["cluster", "sentinel", "worker", "monitor", "pusher"]
SAMPLE = {("holder", "busy")}
# The next worker in line holds the queue's lock: django-q2 replaces it, and no task is taken.
ISSUES = {("worker", "idle"): "django-q2-issue-23-worker-idle"}
CASES = [(kind, "idle") for kind in KINDS] + [(kind, "busy") for kind in [*KINDS, "holder"]]


@pytest.mark.parametrize(
    ("kind", "when"),
    [
        pytest.param(
            *case,
            marks=() if case in SAMPLE else pytest.mark.matrix,
            id=ISSUES.get(case, "-".join(case)),
        )
        for case in CASES
    ],
)
def test_due_work_is_done_after_a_process_was_killed(
    start_worker: Callable[..., RunningWorker], due_work: DueWork, kind: str, when: str
) -> None:
    first = due_work.add()
    worker = start_worker()
    if when == "busy":
        worker.hold()
        worker.find("holder")
    else:
        due_work.wait_until_done(first)
    group = worker.group()
    second = due_work.add()
    os.kill(worker.find(kind), signal.SIGKILL)

    wait_until(lambda: not is_group_alive(group), SOON, f"processes are left\n{worker.said()}")
    if when == "busy":
        worker.let_go()
    # Sooner than the dead one's lease of 90 seconds would have ended.
    for row in (first, second):
        due_work.wait_until_done(row)


@pytest.mark.matrix
def test_django_q2_issue_339_a_monitor_that_looks_alive_and_records_nothing_is_replaced(
    start_worker: Callable[..., RunningWorker], due_work: DueWork
) -> None:
    """Its queue's lock is held by a process that is gone; here it is frozen, which looks the
    same."""
    worker = start_worker(settings="tests.lens.watch.hasty_settings", patience=3)
    due_work.wait_until_done(due_work.add())
    group = worker.group()
    os.kill(worker.find("monitor"), signal.SIGSTOP)
    row = due_work.add()
    for _ in range(LEFT_BY_KILLED + 1):
        nudge("toy")
    wait_until(lambda: not is_group_alive(group), SOON, worker.said())
    due_work.wait_until_done(row)
    assert "Finished tasks were not recorded" in worker.said()
    due_work.wait_until_done(due_work.add())
