"""Deletes, every hour, rows that are no longer needed."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django_q.models import Task

from cohorts import clock
from cohorts.models import ActivityEntry
from cohorts.reconcile.runs import totals
from cohorts.reconcile.workers import heartbeats
from cohorts.roster.waiting.services import forget_finished
from discordsync.attendance import voice_recording
from discordsync.bot.gateway import heartbeats as bot_heartbeats
from discordsync.services import forget_past_events
from lens.desk import snoozing
from lens.schedules import ensure_schedules

KEEP_TASKS = timedelta(days=14)
KEEP_IMPORTS = timedelta(days=1)
KEEP_ACTIVITY = timedelta(days=5 * 365)
KEEP_DAYS_OF_TOTALS = timedelta(days=90)
KEEP_PAST_EVENTS = timedelta(days=90)  # as long as the run log that names them


def prune() -> None:
    """Delete old task results, lost workers, ended sign-ins and their counts, voice sessions,
    what is snoozed no longer, records of past events in Discord, finished imports of rosters, and
    activity of 5 years ago.

    The reconciler deletes its own runs.
    """
    now = timezone.now()
    Task.objects.filter(stopped__lt=now - KEEP_TASKS).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    prune_cache(now)
    heartbeats.forget_lost()
    bot_heartbeats.delete_old()
    voice_recording.forget_before(clock.now() - timedelta(days=settings.VOICE["keep_days"]))
    snoozing.forget_past(clock.now().date())
    forget_past_events(clock.now() - KEEP_PAST_EVENTS)
    forget_finished(clock.now() - KEEP_IMPORTS)
    ActivityEntry.objects.filter(at__lt=clock.now() - KEEP_ACTIVITY).delete()
    totals.merge_old(now.date() - KEEP_DAYS_OF_TOTALS)
    ensure_schedules()


def prune_cache(now: datetime) -> None:
    """Delete expired counts, which contain IP addresses. Django does so only in a full table."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE expires < %s",  # noqa: S608 - our own setting
            [connection.ops.adapt_datetimefield_value(now)],
        )
