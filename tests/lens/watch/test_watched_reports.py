"""What the processes of a watched cluster report to Sentry."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from cohorts.reconcile.workers.nudges import nudge
from tests.lens.watch.conftest import DueWork
from tests.lens.watch.running import SOON, RunningWorker
from tests.lens.watch.test_unknown_tasks import queue
from tests.support.processes import wait_until
from tests.support.reports import ReportCollector


def test_the_only_error_of_a_process_arrives_also_after_its_watcher_reported_one(
    start_worker: Callable[..., RunningWorker],
    due_work: DueWork,
    collector: ReportCollector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTRY_DSN", collector.dsn)
    worker = start_worker(settings="tests.lens.watch.recycling_settings")
    due_work.wait_until_done(due_work.add())
    os.killpg(worker.group(), signal.SIGKILL)
    wait_until(lambda: "Restarting it" in "".join(collector.received), SOON, worker.said())
    queue(func="os.getcwd")  # its pusher refuses it with one line
    wait_until(lambda: "os.getcwd" in "".join(collector.received), 15, worker.said())
    worker.break_toy()
    due_work.add()
    nudge("toy")
    wait_until(lambda: "the toy is broken" in worker.said(), SOON, worker.said())
    wait_until(lambda: "the toy is broken" in "".join(collector.received), 15, worker.said())
