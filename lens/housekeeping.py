"""Every hour: away with rows that nobody reads any more."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone
from django_q.models import Task

from cohorts.sync import heartbeats
from lens.schedules import ensure_schedules

KEEP_TASKS = timedelta(days=14)


def prune() -> None:
    """Results of tasks, lost workers and ended sign-ins.  The conductor prunes its own runs."""
    now = timezone.now()
    Task.objects.filter(stopped__lt=now - KEEP_TASKS).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    heartbeats.forget_lost()
    ensure_schedules()
