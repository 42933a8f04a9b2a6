"""The worker that this process belongs to: its name, and whether it is about to stop.

A watched cluster (`manage.py worker`) has a lifeline: a pipe whose other end only its watcher
holds. When that end closes, because the watcher was stopped or has died, every process of the
cluster can see it without receiving a message.
"""

import os
import secrets
import select
import socket

NAME = "LENS_WORKER"
LIFELINE = "LENS_LIFELINE"


def make_name() -> str:
    """Return a name for this process.  The random part distinguishes two containers with the same
    name and process id."""
    return f"{socket.gethostname()[:70]}:{os.getpid()}:{secrets.token_hex(3)}"


def worker_name() -> str:
    """Return the watched cluster's name, else host and parent process (an unwatched `qcluster`)."""
    return os.environ.get(NAME) or f"{socket.gethostname()[:80]}:{os.getppid()}"


def is_stopping() -> bool:
    """Whether no new call should be started, because the cluster is about to stop."""
    lifeline = os.environ.get(LIFELINE)
    return lifeline is not None and bool(select.select([int(lifeline)], [], [], 0)[0])
