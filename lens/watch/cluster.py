"""The main process of the watched cluster, which its watcher forks."""

import gc
import logging
import os
import select
import signal
import threading
import time
from importlib import import_module
from multiprocessing import Process
from multiprocessing.synchronize import Event
from multiprocessing.util import register_after_fork
from typing import Any, NoReturn

import django_q.cluster
from django.conf import settings
from django.urls import reverse
from django_q.cluster import Cluster, Sentinel
from django_q.scheduler import scheduler
from django_q.utils import close_old_django_connections

from cohorts.outages import leave_to_watcher
from cohorts.reconcile.workers.this_worker import LIFELINE
from lens.reporting.sentry import report_anew
from lens.schedules import disable_bad

logger = logging.getLogger(__name__)

PRELOADED = (
    "discordsync.rest.client",
    "discordsync.tasks",
    "guestvisits.tasks",
    "meetings.tasks",
    "cohorts.outbox.tasks",
)


class WatchedSentinel(Sentinel):
    """django-q2's sentinel, but it stops with its watcher and does not replace killed processes."""

    def guard(self) -> None:
        # After the first processes were forked: a fork copies no thread.
        threading.Thread(target=follow_lifeline, args=(self.stop_event,), daemon=True).start()
        super().guard()

    def reincarnate(self, process: Process) -> None:
        """Replace a process that ended. If one was killed, end the cluster: it may hold a lock."""
        if process.exitcode is not None and process.exitcode < 0:
            name = signal.Signals(-process.exitcode).name
            end_group(f"Process {process.pid} of the cluster was killed by {name}.")
        super().reincarnate(process)

    def stop(self) -> None:
        """Let tasks finish. A process that was just recycled takes no STOP from the queue, which
        holds only one: with two of them, the stop would wait for ever."""
        self.event_out.set()
        self.pusher.join()  # after it no new task is handed out
        self.pool[:] = [process for process in self.pool if process.is_alive()]
        super().stop()


def queue_due_schedules(broker: Any = None) -> None:
    """Queue what is due, after disabling schedules that must not be used. Never raises."""
    try:
        close_old_django_connections()
        disable_bad()
    except Exception:
        logger.exception("The schedules could not be checked, so none will run.")
        return
    scheduler(broker=broker)


def follow_lifeline(stop_event: Event) -> None:
    """Stop the cluster when its watcher is gone: gracefully, and after a grace period by force."""
    select.select([int(os.environ[LIFELINE])], [], [])
    stop_event.set()
    time.sleep(settings.WATCH["grace_seconds"])
    end_group("The cluster did not stop in time.")


def end_group(why: str) -> NoReturn:
    """Kill every process of the cluster, including this one."""
    logger.error("%s Stopping the whole cluster.", why)
    os.killpg(os.getpgrp(), signal.SIGKILL)
    raise SystemExit(1)  # not reached: the signal kills this process too


def share_memory() -> None:
    """Load what every task needs before processes are forked, so that they share its memory pages.

    Otherwise each worker loads it with its first task, 45 MB each, and all views with its first
    message, 30 MB each. A garbage collection writes to each object it visits, and so would copy
    pages from before the fork: it skips frozen objects.
    """
    for module in PRELOADED:
        import_module(module)
    reverse("my-meetings")  # the first address reads all of them
    gc.collect()
    gc.freeze()


def main() -> int:
    """Run the cluster until it ends; return its exit status."""
    leave_to_watcher()
    # The names that Cluster.start() and Sentinel.guard() look up.
    django_q.cluster.Sentinel = WatchedSentinel
    django_q.cluster.scheduler = queue_due_schedules
    # Every process from here on is forked, also by one that has reported something.
    report_anew()
    register_after_fork(WatchedSentinel, lambda _: report_anew())
    cluster = Cluster()
    try:
        cluster.start()
    except RuntimeError:  # the sentinel died at its start and logged why
        return 1
    cluster.sentinel.join()
    if cluster.sentinel.exitcode:
        end_group("The cluster's sentinel process is missing.")
    return 0
