"""Deletes, every hour, rows that are no longer needed."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import Task

from cohorts import clock
from cohorts.models import ActivityEntry
from cohorts.outages import report_failure
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


def prune_sessions() -> None:
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


STEPS: dict[str, Callable[[], object]] = {
    "task results": lambda: Task.objects.filter(stopped__lt=timezone.now() - KEEP_TASKS).delete(),
    "ended sign-ins": prune_sessions,
    "expired counts": lambda: prune_cache(timezone.now()),
    "lost workers": heartbeats.forget_lost,
    "lost bots": bot_heartbeats.delete_old,
    "voice sessions": lambda: voice_recording.forget_before(
        clock.now() - timedelta(days=settings.VOICE["keep_days"])
    ),
    "what is snoozed no longer": lambda: snoozing.forget_past(clock.now().date()),
    "past events in Discord": lambda: forget_past_events(clock.now() - KEEP_PAST_EVENTS),
    "finished imports": lambda: forget_finished(clock.now() - KEEP_IMPORTS),
    "activity": lambda: ActivityEntry.objects.filter(at__lt=clock.now() - KEEP_ACTIVITY).delete(),
    "totals of days": lambda: totals.merge_old(timezone.now().date() - KEEP_DAYS_OF_TOTALS),
    "schedules": ensure_schedules,
}


def prune() -> None:
    """Delete what is no longer needed, table by table. One that fails stops no other.

    The reconciler deletes its own runs.
    """
    for name in steps_from(timezone.now()):
        try:
            with transaction.atomic():
                STEPS[name]()
        except Exception as error:
            report_failure(error, f"Housekeeping failed for {name}")


def steps_from(now: datetime) -> Iterator[str]:
    """Yield the steps, each hour beginning with another one: a task ends after two minutes, and
    what a slow step keeps from its turn then has it at another hour."""
    first = int(now.timestamp() // 3600) % len(STEPS)
    yield from [*STEPS, *STEPS][first : first + len(STEPS)]


def prune_cache(now: datetime) -> None:
    """Delete expired counts, which contain IP addresses. Django does so only in a full table."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE expires < %s",  # noqa: S608 - our own setting
            [connection.ops.adapt_datetimefield_value(now)],
        )
