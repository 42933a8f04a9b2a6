"""Heartbeats of workers, in the database's time.

Neither the sandbox's clock nor a machine's own clock is used: with a clock that is fast, a dead
worker would look alive.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.workers.this_worker import worker_name

HEARD_WITHIN = timedelta(seconds=90)
KEEP = timedelta(days=1)


def record_heartbeat(name: str) -> None:
    defaults = {"last_seen_at": Now(), "version": settings.VERSION}
    WorkerHeartbeat.objects.update_or_create(name=name, defaults=defaults)


def beat() -> None:
    """Record that the worker running this task is alive. This is the only heartbeat of a `qcluster`
    that has no watcher."""
    record_heartbeat(worker_name())


def forget(name: str) -> None:
    """Delete the heartbeat of a worker that was stopped normally: it is not missing."""
    WorkerHeartbeat.objects.filter(name=name).delete()


def forget_lost() -> None:
    WorkerHeartbeat.objects.filter(last_seen_at__lt=Now() - KEEP).delete()


def is_worker_alive() -> bool:
    """Return whether a worker reported within 90 seconds."""
    return _alive().exists()


def is_other_version_alive() -> bool:
    """Return whether a worker of another version of Lens runs, as during an upgrade."""
    return _alive().exclude(version=settings.VERSION).exists()


def _alive() -> QuerySet[WorkerHeartbeat]:
    return WorkerHeartbeat.objects.filter(last_seen_at__gte=Now() - HEARD_WITHIN)
