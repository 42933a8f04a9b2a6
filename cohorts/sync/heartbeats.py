"""Which workers are alive, in the database's time.

Neither the sandbox's clock nor that of one machine counts: a machine whose clock is fast would keep
a dead worker alive.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from cohorts.sync.models import WorkerHeartbeat
from cohorts.sync.worker import worker_name

HEARD_WITHIN = timedelta(seconds=90)
KEEP = timedelta(days=1)


def hear(name: str) -> None:
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"heard_at": Now()})


def beat() -> None:
    """As a task: whoever carries it out is alive.  How an unwatched `qcluster` is heard."""
    hear(worker_name())


def forget(name: str) -> None:
    """A worker ended as it was told to: it is not missing."""
    WorkerHeartbeat.objects.filter(name=name).delete()


def forget_lost() -> None:
    WorkerHeartbeat.objects.filter(heard_at__lt=Now() - KEEP).delete()


def is_worker_alive() -> bool:
    """Return whether a worker reported within 90 seconds."""
    return WorkerHeartbeat.objects.filter(heard_at__gte=Now() - HEARD_WITHIN).exists()
