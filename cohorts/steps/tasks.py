"""The scheduled task that carries out steps."""

from __future__ import annotations

import logging
from datetime import datetime

from cohorts import clock
from cohorts.models import CohortStep
from cohorts.steps.services import carry_out_step

logger = logging.getLogger(__name__)


def carry_out_all() -> None:
    """Carry out the steps that are due. Every minute, and when a step needs no waiting."""
    carry_out_due(clock.now())


def carry_out_due(now: datetime) -> int:
    """Carry out what is due, each in its own transaction; return how many were finished.

    A step that fails stays waiting and is tried again; it does not stop the others.
    """
    due = CohortStep.objects.filter(state=CohortStep.State.WAITING, due_at__lte=now)
    finished = 0
    for step_id in list(due.order_by("due_at", "pk").values_list("pk", flat=True)):
        try:
            step = carry_out_step(step_id, now=now)
        except Exception:
            logger.exception("Step %s could not be carried out", step_id)
            continue
        finished += step.state != CohortStep.State.WAITING
    return finished
