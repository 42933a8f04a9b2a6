"""The watcher: checks one cluster every few seconds, and replaces it when something is wrong."""

import logging
import signal
import time
from functools import partial

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_q.tasks import async_task

from cohorts import outages
from cohorts.reconcile.workers import heartbeats, lease
from cohorts.reconcile.workers.this_worker import make_name
from lens import schedules
from lens.watch.process import ClusterProcess
from lens.watch.signals import ENDING, SignalWaiter
from lens.watch.stall import (
    StallTimer,
    read_due_schedules,
    read_due_tasks,
    read_unacknowledged,
)

logger = logging.getLogger(__name__)

SHORT_LIFE = 10  # seconds; if clusters end sooner, the wait before the next start doubles
MAX_PAUSE = 30
SCHEDULES_SECONDS = 60


def watch() -> None:
    """Run a cluster until SIGINT, SIGTERM or SIGHUP; a second one ends it at once."""
    with SignalWaiter({*ENDING, signal.SIGCHLD}) as signals:
        watcher = Watcher()
        received: frozenset[int] = frozenset()
        while not received & ENDING:
            watcher.check()
            received = signals.wait(settings.WATCH["look_seconds"])
        watcher.end(signals)


class Watcher:
    def __init__(self) -> None:
        self.name = make_name()
        self.cluster: ClusterProcess | None = None
        self._start_timers()
        self.short_lives = 0
        self.start_at = self.schedules_at = float("-inf")

    # -- while it runs -----------------------------------------------------------------------

    def check(self) -> None:
        """Start, replace or confirm the cluster. If the database is down, wait for it."""
        self._notice_exit()
        try:
            self._check_cluster()
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            outages.report_lost(error)
        else:
            outages.report_recovered()

    def _check_cluster(self) -> None:
        if self.cluster is None:
            self._start()
            return
        wrong = self._find_wrong()
        if wrong:
            self._discard(self.cluster, wrong)
            self._start()
        else:
            heartbeats.record_heartbeat(self.name)
            self._keep_schedules()

    def _keep_schedules(self) -> None:
        """Every minute, set up the schedules anew: during an upgrade, a worker of the version
        before turns off those that it does not know."""
        if time.monotonic() >= self.schedules_at:
            self._set_up_schedules()

    def _set_up_schedules(self) -> None:
        schedules.ensure_schedules()
        self.schedules_at = time.monotonic() + SCHEDULES_SECONDS

    def _start(self) -> None:
        """Start a cluster, after releasing what the previous one held."""
        if time.monotonic() < self.start_at:
            return
        lease.release_dead(self.name)
        self._set_up_schedules()
        async_task(schedules.SWEEP, task_name="sweep at start")
        self.cluster = ClusterProcess(self.name)
        self._start_timers()
        heartbeats.record_heartbeat(self.name)
        logger.info("The cluster is starting as process %s.", self.cluster.pid)

    def _start_timers(self) -> None:
        self.tasks = StallTimer(read_due_tasks)
        self.results = StallTimer(partial(read_unacknowledged, timezone.now()))
        self.schedules = StallTimer(read_due_schedules)

    # -- what can be wrong -------------------------------------------------------------------

    def _notice_exit(self) -> None:
        status = self.cluster.exit_status() if self.cluster else None
        if self.cluster is not None and status is not None:
            self._discard(self.cluster, f"The cluster stopped unexpectedly ({describe(status)}).")

    def _find_wrong(self) -> str:
        """Return a sentence on what is wrong, or ""."""
        waited = self.tasks.seconds()
        if waited > settings.WATCH["patience_seconds"]:
            return f"Tasks were due for {waited:.0f} seconds and no process took one."
        waited = self.results.seconds()
        if waited > settings.WATCH["patience_seconds"]:
            return f"Finished tasks were not recorded for {waited:.0f} seconds."
        late = self.schedules.seconds()
        if late > settings.WATCH["schedule_late_seconds"] and not schedules.disable_bad():
            return f"Schedules were due for {late:.0f} seconds and did not run."
        return ""

    def _discard(self, cluster: ClusterProcess, why: str) -> None:
        logger.error("%s Restarting it.", why)
        cluster.kill()
        self.short_lives = self.short_lives + 1 if cluster.age < SHORT_LIFE else 0
        if self.short_lives:
            self.start_at = time.monotonic() + min(2**self.short_lives / 2, MAX_PAUSE)
        self.cluster = None

    # -- shutdown ----------------------------------------------------------------------------

    def end(self, signals: SignalWaiter) -> None:
        """Let calls in flight finish, but stop at a second signal or after the grace period."""
        logger.info("Stopping after the calls in progress. A second signal stops them immediately.")
        if self.cluster is not None:
            self._let_finish(self.cluster, signals)
            self.cluster.kill()
        try:
            lease.release_dead(self.name)
            heartbeats.forget(self.name)
        except (DatabaseError, InterfaceError) as error:
            outages.report_lost(error)
        logger.info("Stopped.")

    def _let_finish(self, cluster: ClusterProcess, signals: SignalWaiter) -> None:
        cluster.ask_to_end()
        deadline = time.monotonic() + settings.WATCH["grace_seconds"]
        while cluster.exit_status() is None:
            received = signals.wait(deadline - time.monotonic())
            if received & ENDING or time.monotonic() >= deadline:
                logger.error("The cluster had not finished. Stopping it now.")
                return


def describe(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
