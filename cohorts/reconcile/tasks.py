"""Tasks that django-q2 calls. They are wake-ups: running them at any time and often is safe."""

from datetime import timedelta

from cohorts import clock
from cohorts.reconcile import ownership, services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.runs import issue_log, provider_state, realize_requests, run_log
from cohorts.reconcile.workers.correlation import correlated, current_id
from cohorts.reconcile.workers.nudges import nudge

KEEP_RUNS = timedelta(days=90)


def run_provider(name: str) -> None:
    """Run once, under the id of the request that queued this or under a new one."""
    with correlated(current_id()):
        run_once(name)


def sweep() -> None:
    """Every minute, wake what is due, so that a lost nudge delays work by one minute at most.

    Also close realize requests that have ended, so that the people who asked are notified.
    """
    ownership.watch_ownership(clock.now())
    for name in configured_providers():
        if provider_state.has_work(name, clock.now()) and not provider_state.is_waiting(name):
            nudge(name)
    realize_requests.close_ended(clock.now())
    issue_log.log_issues()


def compare_all() -> None:
    """Every hour, create missing rows for groups and delete old runs and requests."""
    services.create_missing_rows()
    run_log.forget_old_runs(clock.now() - KEEP_RUNS)
    realize_requests.forget_old(clock.now() - KEEP_RUNS)
