"""Which cohorts end automatically, and which of these ends were stopped."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Subquery

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, live_group
from cohorts.steps.services import ask_for_step
from guestvisits.ending import END
from guestvisits.ending.end_steps import EndCohort
from meetings.models import Meeting

logger = logging.getLogger(__name__)


def find_due(now: datetime) -> list[Cohort]:
    """Return the open cohorts that end automatically by now. One query.

    Each only once: if staff undid or reopened an end, or it was stopped, they decide.
    """
    ends = CohortStep.objects.filter(cohort=OuterRef("pk"), kind=END)
    held = Meeting.objects.filter(
        live_group("group__"), status=Meeting.Status.SCHEDULED, group__cohort=OuterRef("pk")
    )
    last = held.order_by("-starts_at")
    cohorts = (
        Cohort.objects.filter(
            ~Exists(ends.filter(state=CohortStep.State.WAITING)),
            ~Exists(ends.filter(params__groups=[])),
            end_after_days__isnull=False,
        )
        .annotate(
            starts_at=Subquery(last.values("starts_at")[:1]),
            minutes=Subquery(last.values("duration_minutes")[:1]),
        )
        .filter(starts_at__lte=now)
        .select_related("course")
        .order_by("pk")
    )
    return [one for one in cohorts if _is_due(one, one.starts_at, one.minutes, now)]


def _is_due(cohort: Cohort, starts_at: datetime, minutes: int, now: datetime) -> bool:
    assert cohort.end_after_days is not None  # the query leaves these cohorts out
    after = timedelta(days=cohort.end_after_days)
    return starts_at + timedelta(minutes=minutes) + after <= now


def end_automatically(now: datetime) -> int:
    """Ask for the end of each cohort whose setting says so; return how many."""
    asked = 0
    for cohort in find_due(now):
        try:
            _ask(cohort, now)
        except Refusal as refusal:
            logger.warning("Cohort %s does not end automatically: %s", cohort.pk, refusal)
            continue
        except Exception:  # it stops no other cohort
            logger.exception("Cohort %s could not be ended automatically", cohort.pk)
            continue
        asked += 1
    return asked


def find_stopped(cohorts: Iterable[Cohort]) -> dict[int, CohortStep]:
    """Return the automatic end that was stopped, by cohort, where nothing has followed it.  One
    query, if any of them ends automatically."""
    ids = [cohort.pk for cohort in cohorts if cohort.end_after_days is not None]
    if not ids:
        return {}
    steps = CohortStep.objects.filter(cohort__in=ids, kind=END, params__groups=[]).order_by("pk")
    last = {step.cohort_id: step for step in steps}
    stopped = CohortStep.State.STOPPED
    return {pk: step for pk, step in last.items() if step.state == stopped and not step.asked_by_id}


def _ask(cohort: Cohort, now: datetime) -> None:
    params = {"groups": [], "status": Cohort.Status.COMPLETED.value}
    step = CohortStep(cohort=cohort, kind=END, params=params)
    seen = EndCohort().preview(step, now).digest
    ask_for_step(END, cohort.pk, params, seen=seen, by=None, now=now)
