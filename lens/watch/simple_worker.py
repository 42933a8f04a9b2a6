"""`manage.py worker --simple`: all that a worker does, one task after the other, in one process.

A row in django-q2's queue only wakes it. What is due is in Lens's own tables, not in the queue.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from cohorts import clock, outages
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.workers import heartbeats, lease
from cohorts.reconcile.workers.this_worker import LIFELINE, NAME, make_name
from lens.schedules import ENTRIES
from lens.watch.signals import ENDING

logger = logging.getLogger(__name__)

PAUSE = 1  # seconds
WOKEN = {
    "cohorts.steps.tasks.carry_out_all",
    "cohorts.roster.waiting.tasks.import_waiting",
    "cohorts.outbox.tasks.send_emails",
}


def work_until_stopped() -> None:
    """Work until SIGINT, SIGTERM or SIGHUP, and finish calls in progress."""
    name = make_name()
    reader, writer = os.pipe()

    def end(*_: Any) -> None:
        os.close(writer)
        for number in ENDING:  # a second signal ends it at once
            signal.signal(number, signal.SIG_DFL)

    os.environ.update({NAME: name, LIFELINE: str(reader)})
    for number in ENDING:
        signal.signal(number, end)
    next_runs: dict[str, float] = {}
    while not select.select([reader], [], [], PAUSE)[0]:
        try:
            work_once(next_runs)
        except (OperationalError, InterfaceError) as error:
            connection.close()
            outages.report_lost(error)
        else:
            outages.report_recovered()
    lease.release_dead(name)
    heartbeats.forget(name)


def work_once(next_runs: dict[str, float]) -> None:
    """Run the schedules that are due, then each provider that has work."""
    close_old_connections()
    is_woken = bool(OrmQ.objects.all().delete()[0])
    for entry in ENTRIES:
        if time.monotonic() >= next_runs.get(entry.name, 0) or (is_woken and entry.func in WOKEN):
            next_runs[entry.name] = time.monotonic() + entry.minutes * 60
            attempt(import_string(entry.func))
    for name in configured_providers():
        if provider_state.has_work(name, clock.now()) and not provider_state.is_waiting(name):
            attempt(run_once, name)


def attempt(task: Callable[..., object], *arguments: str) -> None:
    try:
        heartbeats.beat()  # a round of all tasks may take longer than 90 seconds
        task(*arguments)
    except (OperationalError, InterfaceError):
        raise  # the database is not there: nothing else would work
    except Exception:
        logger.exception("A task failed. It runs again when it is due next.")
