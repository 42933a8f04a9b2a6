"""Signs that a cluster looks alive and does nothing."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule

MAX_DUE = 500
LEFT_BY_KILLED = 12  # what a few clusters of 4 workers had taken


@dataclass
class StallTimer:
    """Measures for how long something has been due and nothing of it was taken.

    A backlog is no sign: as long as items disappear from it, a process is working. An item's age
    does not count either, only how long we have watched it, so that a machine that slept is not
    mistaken for a hang.
    """

    read_due: Callable[[], frozenset[Hashable]]
    due: frozenset[Hashable] = frozenset()
    since: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Return for how many seconds it has lasted."""
        due = self.read_due()
        if not due or self.due - due:
            self.since = time.monotonic()
        self.due = due
        return time.monotonic() - self.since


def read_due_tasks() -> frozenset[Hashable]:
    due = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lt=timezone.now())
    return frozenset(due.order_by("pk").values_list("pk", flat=True)[:MAX_DUE])


def read_due_schedules() -> frozenset[Hashable]:
    """Return the due schedules. One that was processed has another time, so it is another item."""
    due = Schedule.objects.filter(next_run__lt=timezone.now()).exclude(repeats=0)
    return frozenset(due.values_list("name", "next_run"))


def read_unacknowledged(since: datetime) -> frozenset[Hashable]:
    """Return the tasks that were taken after `since` and are not finished, although their time is
    over. The monitor deletes finished ones; if it cannot, each runs again every `retry` seconds.

    Return none if they are few: a cluster of another machine that was killed leaves some too.
    """
    retry, timeout = timedelta(seconds=Conf.RETRY), timedelta(seconds=Conf.TIMEOUT)
    taken = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__gte=since + retry)
    late = taken.filter(lock__lt=timezone.now() - timeout + retry)
    found = frozenset(late.order_by("pk").values_list("pk", flat=True)[:MAX_DUE])
    return found if len(found) > LEFT_BY_KILLED else frozenset()
