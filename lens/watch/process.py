"""A cluster as seen by its watcher: a process group at the end of a lifeline.

It is forked, not started anew: so it shares with its watcher the memory of all that both have
loaded, which is most of what a process needs.
"""

import contextlib
import logging
import os
import signal
import sys
import time
from typing import NoReturn

import sentry_sdk
from django.db import connections

from cohorts.reconcile.workers.this_worker import LIFELINE, NAME
from lens.watch import cluster
from lens.watch.signals import blocked, restore_defaults

logger = logging.getLogger(__name__)

REAP_SECONDS = 5


class ClusterProcess:
    """A running cluster. The id of its process group is that of its first process."""

    def __init__(self, name: str) -> None:
        reader, self._lifeline = os.pipe()
        cluster.share_memory()
        connections.close_all()  # two processes cannot use one connection
        sentry_sdk.flush()  # its thread rests then: a fork copies locks, but not their holders
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what a buffer holds would be written twice
        with blocked():
            self.pid = os.fork()
            if not self.pid:
                os.close(self._lifeline)  # only its watcher holds this end
                _run(name, reader)
        os.close(reader)
        self.started = time.monotonic()
        self._status: int | None = None

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    def exit_status(self) -> int | None:
        """Return the exit status, or None while the first process runs."""
        return self._wait(os.WNOHANG)

    def _wait(self, options: int = 0) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, options)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def ask_to_end(self) -> None:
        """Close the lifeline: calls in flight are finished, and no new one is started."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def kill(self) -> None:
        """Kill what is left of it, including orphans. Return once they are gone (5 seconds at
        most)."""
        if self.exit_status() is None:
            os.kill(self.pid, signal.SIGKILL)  # it may not have its own group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._wait()
        self.ask_to_end()
        deadline = time.monotonic() + REAP_SECONDS
        while self._has_processes() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _has_processes(self) -> bool:
        with contextlib.suppress(ChildProcessError):
            # Where the watcher is process 1 of a container, orphans become its own children.
            os.waitpid(-self.pid, os.WNOHANG)
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def _run(name: str, lifeline: int) -> NoReturn:
    """Be the first process of a cluster, and end with it: never return into the watcher's code."""
    status = 1
    try:
        os.setsid()  # a Ctrl-C in the terminal must reach the watcher only
        restore_defaults()
        os.environ.update({NAME: name, LIFELINE: str(lifeline)})
        os.set_inheritable(lifeline, True)
        status = cluster.main()
    except BaseException:
        logger.exception("The cluster failed")
    finally:
        logging.shutdown()
        sentry_sdk.flush()
        os._exit(status)
