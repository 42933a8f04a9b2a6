"""A cluster as seen by its watcher: a process group at the end of a lifeline."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

from django.conf import settings

from cohorts.reconcile.workers.this_worker import LIFELINE, NAME

REAP_SECONDS = 5


class ClusterProcess:
    """A running cluster. The id of its process group is that of its first process."""

    def __init__(self, name: str) -> None:
        reader, self._lifeline = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lens.watch.cluster"],
            cwd=settings.BASE_DIR,
            env={**os.environ, NAME: name, LIFELINE: str(reader)},
            pass_fds=[reader],
            # A Ctrl-C in the terminal must reach the watcher only.
            start_new_session=True,
        )
        os.close(reader)
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    def exit_status(self) -> int | None:
        """Return the exit status, or None while the first process runs."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Close the lifeline: calls in flight are finished, and no new one is started."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def kill(self) -> None:
        """Kill what is left of it, including orphans. Return once they are gone (5 seconds at
        most)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
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
