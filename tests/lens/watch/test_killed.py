"""Any process of the cluster killed, idle or busy: due work is done soon."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.lens.watch.conftest import DueWork
from tests.lens.watch.running import SOON, RunningWorker, is_group_alive
from tests.support.processes import wait_until

KINDS = ["cluster", "sentinel", "worker", "monitor", "pusher"]
SAMPLE = {("worker", "idle"), ("holder", "busy")}
CASES = [(kind, "idle") for kind in KINDS] + [(kind, "busy") for kind in [*KINDS, "holder"]]


@pytest.mark.parametrize(
    ("kind", "when"),
    [
        pytest.param(*case, marks=() if case in SAMPLE else pytest.mark.matrix, id="-".join(case))
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
