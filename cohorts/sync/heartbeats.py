"""Which workers are alive.  In real time: a moved clock must not make a worker look dead."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from cohorts.sync.models import WorkerHeartbeat
from cohorts.sync.worker import worker_name

HEARD_WITHIN = timedelta(seconds=90)
KEEP = timedelta(days=1)


def hear(name: str) -> None:
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"heard_at": timezone.now()})


def beat() -> None:
    """As a task: whoever carries it out is alive.  How an unwatched `qcluster` is heard."""
    hear(worker_name())


def forget(name: str) -> None:
    """A worker ended as it was told to: it is not missing."""
    WorkerHeartbeat.objects.filter(name=name).delete()


def forget_lost() -> None:
    WorkerHeartbeat.objects.filter(heard_at__lt=timezone.now() - KEEP).delete()


def last_heard() -> datetime | None:
    """When any worker was heard last."""
    newest = WorkerHeartbeat.objects.order_by("-heard_at").values_list("heard_at", flat=True)
    return newest.first()


def is_worker_alive() -> bool:
    """Whether a worker was heard within 90 seconds."""
    heard = last_heard()
    return heard is not None and heard >= timezone.now() - HEARD_WITHIN
