"""The scheduled task that carries out steps."""

import logging
from datetime import datetime

from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from cohorts import clock
from cohorts.models import CohortStep
from cohorts.steps.services import begin_attempt, carry_out_step, record_failure

logger = logging.getLogger(__name__)


def carry_out_all() -> None:
    """Carry out the steps that are due. Every minute, and when a step needs no waiting."""
    carry_out_due(clock.now())


def wake_when_due(step: CohortStep, now: datetime) -> None:
    """Have the step carried out as soon as it is due: now, or by a schedule that runs once.

    The queue reads its schedules every 30 seconds. A lost wake-up costs a minute: `carry_out_all`
    runs every minute anyway.
    """
    if step.due_at <= now:
        async_task("cohorts.steps.tasks.carry_out_all")
    else:
        # Schedules follow the machine's clock, which a sandbox's clock may differ from.
        at = timezone.now() + (step.due_at - now)
        Schedule.objects.create(
            name=f"carry out step {step.pk}",
            func="cohorts.steps.tasks.carry_out_all",
            schedule_type=Schedule.ONCE,
            next_run=at,
        )


def carry_out_due(now: datetime) -> int:
    """Carry out what is due, each in its own transaction; return how many were finished.

    A step that fails stays waiting and is tried again; it does not stop the others, also if it has
    the worker killed: those with fewer attempts come first. The first failure is logged at level
    ERROR, which alarms the operator; the start page names the step until it is over.
    """
    due = CohortStep.objects.filter(state=CohortStep.State.WAITING, due_at__lte=now)
    finished = 0
    for step_id in list(due.order_by("attempts", "due_at", "pk").values_list("pk", flat=True)):
        finished += _try(step_id, now)
    return finished


def _try(step_id: int, now: datetime) -> bool:
    """Carry out one step; return whether it was finished. Never raises for an error in the step."""
    if begin_attempt(step_id) and record_failure(step_id, now=now):
        logger.error("Step %s does not end: its attempts were interrupted.", step_id)
    try:
        step = carry_out_step(step_id, now=now)
    except Exception as error:
        is_new = record_failure(step_id, now=now)
        level = logging.ERROR if is_new else logging.WARNING
        logger.log(level, "Step %s could not be carried out", step_id, exc_info=error)
        return False
    return step.state != CohortStep.State.WAITING
