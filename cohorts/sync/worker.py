"""The worker that this process belongs to: its name, and whether it is about to end.

A watched cluster (`manage.py worker`) hangs on a lifeline: a pipe whose other end only its watcher
holds.  When that end closes, because the watcher was told to end or is no more, every process of
the cluster can see it, with nothing to be sent and nobody to be asked.
"""

from __future__ import annotations

import os
import select
import socket

NAME = "LENS_WORKER"
LIFELINE = "LENS_LIFELINE"


def worker_name() -> str:
    """The watched cluster's name, else machine and parent process (an unwatched `qcluster`)."""
    return os.environ.get(NAME) or f"{socket.gethostname()[:80]}:{os.getppid()}"


def is_stopping() -> bool:
    """Whether no new call should be started, since the cluster is about to end."""
    lifeline = os.environ.get(LIFELINE)
    return lifeline is not None and bool(select.select([int(lifeline)], [], [], 0)[0])
