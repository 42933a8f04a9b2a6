"""Tasks that django-q2 calls. They are wake-ups: running them at any time and often is safe."""

from __future__ import annotations

from datetime import timedelta

from cohorts import clock
from cohorts.sync import books, issue_log, ownership, requests, services
from cohorts.sync.nudges import nudge
from cohorts.sync.registry import configured_mirrors
from cohorts.sync.slice import run_slice

KEEP_RUNS = timedelta(days=90)


def run_mirror(name: str) -> None:
    run_slice(name)


def sweep() -> None:
    """Every minute, wake what is due, so that a lost nudge delays work by one minute at most.

    Also close realize requests that have ended, so that the people who asked are notified.
    """
    ownership.watch(clock.now())
    for name in configured_mirrors():
        if books.has_work(name, clock.now()) and not books.is_waiting(name):
            nudge(name)
    requests.close_ended(clock.now())
    issue_log.log_issues()


def compare_all() -> None:
    """Every hour, create missing rows for groups and delete old runs and requests."""
    services.make_missing_rows()
    books.forget_old_runs(clock.now() - KEEP_RUNS)
    requests.forget_old(clock.now() - KEEP_RUNS)
