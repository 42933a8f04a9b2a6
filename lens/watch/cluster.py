"""The watched cluster's own process: `python -m lens.watch.cluster`, run by the watcher."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
import time
from multiprocessing import Process
from multiprocessing.synchronize import Event
from typing import NoReturn

import django_q.cluster  # sets Django up
from django.conf import settings
from django_q.cluster import Cluster, Sentinel

from cohorts.sync.worker import LIFELINE

logger = logging.getLogger(__name__)


class LoyalSentinel(Sentinel):
    """django-q2's sentinel, but for two things: whom it replaces, and when it ends."""

    def guard(self) -> None:
        # After the first processes were forked: a fork copies no thread.
        threading.Thread(target=follow_lifeline, args=(self.stop_event,), daemon=True).start()
        super().guard()

    def reincarnate(self, process: Process) -> None:
        """Replace a process that ended by itself.  One that was killed may have held a lock."""
        if process.exitcode is not None and process.exitcode < 0:
            name = signal.Signals(-process.exitcode).name
            end_group(f"Process {process.pid} of the cluster was ended by {name}.")
        super().reincarnate(process)


def follow_lifeline(stop_event: Event) -> None:
    """End the cluster when its watcher lets go: gently, and after the time of grace at once."""
    select.select([int(os.environ[LIFELINE])], [], [])
    stop_event.set()
    time.sleep(settings.WATCH["grace_seconds"])
    end_group("The cluster did not end in the time it was given.")


def end_group(why: str) -> NoReturn:
    """End every process of the cluster, this one too."""
    logger.error("%s Ending the whole cluster.", why)
    os.killpg(os.getpgrp(), signal.SIGKILL)
    raise SystemExit(1)  # not reached: the signal is for us as well


def main() -> None:
    django_q.cluster.Sentinel = LoyalSentinel  # the name that Cluster.start() looks up
    cluster = Cluster()
    try:
        cluster.start()
    except RuntimeError:  # the sentinel died at its start and has said why
        sys.exit(1)
    cluster.sentinel.join()
    if cluster.sentinel.exitcode:
        end_group("The cluster's sentinel is gone.")


if __name__ == "__main__":
    main()
