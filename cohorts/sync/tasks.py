"""What django-q2 calls.  Tasks are wake-ups: any number of them, at any time, does no harm."""

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
    """Every minute: wake whatever is due, so that a lost nudge costs a minute and no more.

    Realize requests that have ended are closed, so that whoever asked is told.
    """
    ownership.watch(clock.now())
    for name in configured_mirrors():
        if books.has_work(name, clock.now()) and not books.is_waiting(name):
            nudge(name)
    requests.close_ended(clock.now())
    issue_log.log_issues()


def compare_all() -> None:
    """Every hour: rows for groups that nobody announced, and old runs away."""
    services.make_missing_rows()
    books.forget_old_runs(clock.now() - KEEP_RUNS)
    requests.forget_old(clock.now() - KEEP_RUNS)
