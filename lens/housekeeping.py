"""Every hour: away with rows that nobody reads any more."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_q.models import Task

from cohorts import clock
from cohorts.sync import heartbeats
from discordsync.bot import heartbeats as bot_heartbeats
from discordsync.voice import hearing
from lens.schedules import ensure_schedules

KEEP_TASKS = timedelta(days=14)


def prune() -> None:
    """Results of tasks, lost workers, ended sign-ins, and who was in which voice channel.

    The conductor prunes its own runs.
    """
    now = timezone.now()
    Task.objects.filter(stopped__lt=now - KEEP_TASKS).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    heartbeats.forget_lost()
    bot_heartbeats.forget_lost()
    hearing.forget_before(clock.now() - timedelta(days=settings.VOICE["keep_days"]))
    ensure_schedules()
