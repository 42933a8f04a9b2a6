"""Time passes, and the worker's tasks run as its schedule and its queue would call them.

living.minute()                 what a minute brings while the workers are up
living.move_clock(later)        time passes while they are down
"""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signals import pre_execute

from cohorts import clock
from cohorts.reconcile.models import ProviderState
from lens.schedules import ENTRIES
from tests.support.clock import SetClock
from tests.support.running_sandbox import RunningSandbox

MINUTE = timedelta(minutes=1)
MOST_TASKS = 500  # queued at one time; more would be a circle
EVERY_MINUTE = tuple(entry.func for entry in ENTRIES if entry.minutes == 1)


@dataclass
class PassingTime:
    """Both sandboxes and the product have one clock, and a test moves it."""

    sandbox: RunningSandbox
    set_clock: SetClock

    @property
    def now(self) -> datetime:
        return clock.now()

    def move_clock(self, moment: datetime) -> None:
        self.set_clock(moment)
        self.sandbox.set_clock(moment)

    def pass_time(self, **span: float) -> None:
        """Time passes and no one works."""
        self.move_clock(self.now + timedelta(**span))

    def minute(self, times: int = 1) -> None:
        """A minute passes: what its clock calls, and what that and the facts have queued."""
        for _ in range(times):
            self.move_clock(self.now + MINUTE)
            self._end_waits()
            for task in EVERY_MINUTE:
                import_string(task)()
            self.work()

    def _end_waits(self) -> None:
        """Outages and rate limits are waited for in real time; no wait may exceed the minute."""
        ends = datetime.now(UTC) + MINUTE
        assert not ProviderState.objects.filter(retry_at__gt=ends).exists()
        ProviderState.objects.update(retry_at=None, parked={})

    def work(self) -> None:
        """Carry out what is queued, as a worker does, until the queue is empty."""
        for _ in range(MOST_TASKS):
            row = OrmQ.objects.order_by("pk").first()
            if row is None:
                return
            task = row.task
            row.delete()
            copy_context().run(run_task, task)
        raise AssertionError("the queue does not come to an end")

    def lose_queue(self) -> None:
        """Whatever was queued is gone."""
        OrmQ.objects.all().delete()


def run_task(task: dict[str, Any]) -> None:
    """Run a task as a process of the cluster does."""
    func = import_string(task["func"])
    pre_execute.send(sender="django_q", func=func, task=task)
    func(*task["args"], **task["kwargs"])
