"""Real worker processes for tests, started in milliseconds.

They fork from a server that has Django loaded and no threads, so that a fork never inherits a lock
that someone else holds.  Each does what a worker does: it runs until nothing is due.

    with worker("discord") as process:
        sandbox.wait_for_call(held=True)
        process.kill()
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

from django.conf import settings
from django.db import connections

from cohorts.reconcile.workers import lease
from tests.support import registries

PATIENCE = 60.0  # seconds; a test that waits longer has found something
PASSED_ON = (
    "CALENDAR_GUEST_INVITATION",
    "DISCORD_API_BASE",
    "DISCORD_BOT_TOKEN",
    "DISCORD_GUILD_ID",
    "GOOGLE_CALENDAR_API_BASE",
    "GOOGLE_CALENDAR_ID",
    "INSTALLATION_ID",
    "SANDBOX",
    "SYNC",
)

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.forked"])


def start(*mirrors: str, calls: str = "work", **settings_here: Any) -> BaseProcess:
    """Start a worker that works on these providers until nothing is due.

    It sees the test's database, settings and what is registered; `settings_here` differ for it
    alone.
    """
    from tests.support import forked

    passed = {name: getattr(settings, name) for name in PASSED_ON} | settings_here
    database = settings.DATABASES["default"]["NAME"]
    connections.close_all()  # not to share a socket; ours opens again by itself
    process = _context.Process(
        target=getattr(forked, calls),
        args=(database, passed, registries.read_all(), mirrors),
        daemon=True,
    )
    process.start()
    return process


@contextmanager
def worker(*mirrors: str, **settings_here: Any) -> Iterator[BaseProcess]:
    process = start(*mirrors, **settings_here)
    try:
        yield process
    finally:
        kill(process)


def kill(process: BaseProcess) -> None:
    """End it as a power cut would; also one that is stopped."""
    if process.is_alive() and process.pid:
        os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE)


def bury(process: BaseProcess) -> int:
    """Kill it and, as the watch over a cluster does, give back its leases.  Returns how many."""
    kill(process)
    return lease.release_dead(f"forked:{process.pid}")


def finish(*processes: BaseProcess) -> None:
    """Wait for workers to find nothing left; fail when one does not or broke off."""
    deadline = time.monotonic() + PATIENCE
    for process in processes:
        process.join(max(deadline - time.monotonic(), 0))
        assert process.exitcode == 0, f"a worker ended with {process.exitcode}"
