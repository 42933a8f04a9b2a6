"""The periodic tasks, which django-q2 runs. The rows of its table are created here."""

import ast
import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django_q.models import Schedule

from cohorts.reconcile.workers import heartbeats

logger = logging.getLogger(__name__)

SWEEP = "cohorts.reconcile.tasks.sweep"


@dataclass(frozen=True)
class ScheduledTask:
    """A task without arguments, and the number of minutes between its runs.

    `former_name`: its name in the previous version, whose row is taken over.
    `is_new`: the previous version does not have it. Its workers would turn the schedule off and
    reject the task, so it waits until none of them runs.
    """

    name: str
    func: str
    minutes: int
    former_name: str = ""
    is_new: bool = False


ENTRIES = (
    ScheduledTask("sweep", SWEEP, minutes=1),
    ScheduledTask("carry out steps", "cohorts.steps.tasks.carry_out_all", minutes=1),
    ScheduledTask("import rosters", "cohorts.roster.waiting.tasks.import_waiting", 1, is_new=True),
    ScheduledTask("update visits", "guestvisits.tasks.update_all", 1, former_name="settle visits"),
    ScheduledTask("collect messages", "cohorts.outbox.tasks.collect_all", minutes=1),
    ScheduledTask("send e-mail", "cohorts.outbox.tasks.send_emails", minutes=1),
    ScheduledTask("note presence", "discordsync.tasks.note_recent_presence", minutes=1),
    ScheduledTask("watch messages", "cohorts.outbox.tasks.watch_channels", minutes=1),
    ScheduledTask("beat", "cohorts.reconcile.workers.heartbeats.beat", minutes=1),
    ScheduledTask("end cohorts", "guestvisits.tasks.end_cohorts", minutes=60),
    ScheduledTask("repair meetings", "meetings.tasks.repair_all", minutes=60),
    ScheduledTask("note all presence", "discordsync.tasks.note_kept_presence", minutes=60),
    ScheduledTask("compare all", "cohorts.reconcile.tasks.compare_all", minutes=60),
    ScheduledTask("forget old messages", "cohorts.outbox.tasks.forget_old", minutes=60),
    ScheduledTask("complete erasures", "lens.personal_data.tasks.complete", minutes=5),
    ScheduledTask(
        "judge ended access", "lens.metrics.objectives.judge_ended_access", 5, is_new=True
    ),
    ScheduledTask("log faults", "lens.metrics.silent_faults.log_silent_faults", 1, is_new=True),
    ScheduledTask("housekeeping", "lens.housekeeping.prune", minutes=60),
)
# All that a worker runs. Anything else in the queue or the schedules is set aside (lens/watch).
TASKS = frozenset({entry.func for entry in ENTRIES} | {"cohorts.reconcile.tasks.run_provider"})
NEW = frozenset(entry.func for entry in ENTRIES if entry.is_new)


@transaction.atomic
def ensure_schedules() -> None:
    """Make sure that each entry has exactly one row, with the right values. Safe to call at any
    time, from any process. New ones wait for the end of an upgrade."""
    for entry in ENTRIES:
        if not must_wait(entry.func):
            _ensure(entry)
    disable_bad()


def must_wait(func: str) -> bool:
    """Return whether a task is new and a worker that would reject it still runs."""
    return func in NEW and heartbeats.is_other_version_alive()


def _ensure(entry: ScheduledTask) -> None:
    """Create or correct the row of an entry, and delete duplicates: names are not unique in this
    table, and two workers that start at once can create two rows."""
    if entry.former_name:
        Schedule.objects.filter(name=entry.former_name).update(name=entry.name)
    rows = list(Schedule.objects.filter(name=entry.name).order_by("pk"))
    for row in rows[1:]:
        row.delete()
    wanted: dict[str, Any] = {
        "func": entry.func,
        "schedule_type": Schedule.MINUTES,
        "minutes": entry.minutes,
        "repeats": -1,
        "args": None,
        "kwargs": None,
        "hook": None,
        "cluster": None,
    }
    if not rows:
        Schedule.objects.create(name=entry.name, **wanted)
    elif any(getattr(rows[0], field) != value for field, value in wanted.items()):
        Schedule.objects.filter(pk=rows[0].pk).update(**wanted)


def disable_bad() -> list[str]:
    """Disable schedules that django-q2 cannot read or that name anything but Lens's tasks.

    One that cannot be read stops all others. Return the names of those that were disabled.
    """
    bad = [(row, why) for row in Schedule.objects.exclude(repeats=0) if (why := _why_bad(row))]
    for row, why in bad:
        Schedule.objects.filter(pk=row.pk).update(repeats=0)
        logger.error("Schedule %r %s and is turned off.", str(row.name or row.func)[:80], why)
    return [str(row.name or row.func) for row, _ in bad]


def _why_bad(row: Schedule) -> str:
    """Return why a schedule must not be used, or "" if it may."""
    if not _is_readable(row):
        return "was malformed"
    if row.func not in TASKS or row.hook:
        return "has a function or hook that is not on Lens's allowlist"
    return ""


def _is_readable(row: Schedule) -> bool:
    """Whether django-q2 could process this schedule, once due, without an exception."""
    try:
        if row.args:
            ast.literal_eval(row.args)
        if row.kwargs:
            dict(**_read_keywords(row.kwargs))
        if row.schedule_type != Schedule.ONCE:
            row.calculate_next_run(row.next_run)
    except Exception:
        return False
    return True


def _read_keywords(text: str) -> Any:
    """Return keywords that are a literal. Otherwise {}: django-q2's other syntax never raises."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return {}
