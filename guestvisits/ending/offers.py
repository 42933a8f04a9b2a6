"""Which cohorts staff are offered to end, and which end automatically."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, live_group
from cohorts.steps.services import ask_for_step
from guestvisits.ending import END
from guestvisits.ending.end_steps import EndCohort
from meetings.models import Meeting

logger = logging.getLogger(__name__)

OFFERED_AFTER = timedelta(days=1)  # after the last meeting


@dataclass(frozen=True, slots=True)
class EndOffer:
    cohort: Cohort
    last_ended_at: datetime


def find_offers(now: datetime) -> list[EndOffer]:
    """Return the open cohorts whose last meeting has been over for a day.  One query."""
    waiting = CohortStep.objects.filter(kind=END, state=CohortStep.State.WAITING)
    held = Meeting.objects.filter(
        live_group("group__"), status=Meeting.Status.SCHEDULED, group__cohort=OuterRef("pk")
    )
    last = held.order_by("-starts_at")
    cohorts = (
        Cohort.objects.exclude(pk__in=waiting.values("cohort"))
        .annotate(
            starts_at=Subquery(last.values("starts_at")[:1]),
            minutes=Subquery(last.values("duration_minutes")[:1]),
        )
        .filter(starts_at__lte=now - OFFERED_AFTER)
        .select_related("course")
        .order_by("pk")
    )
    offers = [EndOffer(one, one.starts_at + timedelta(minutes=one.minutes)) for one in cohorts]
    return [offer for offer in offers if offer.last_ended_at + OFFERED_AFTER <= now]


def end_automatically(now: datetime) -> int:
    """Ask for the end of each cohort whose setting says so; return how many.

    Only once: if staff undid or reopened an end, or it was stopped, they decide.
    """
    asked = 0
    for offer in find_offers(now):
        days = offer.cohort.end_after_days
        if days is None or now < offer.last_ended_at + timedelta(days=days):
            continue
        if CohortStep.objects.filter(cohort=offer.cohort, kind=END, params__groups=[]).exists():
            continue
        try:
            _ask(offer.cohort, now)
        except Refusal as refusal:
            logger.warning("Cohort %s does not end automatically: %s", offer.cohort.pk, refusal)
            continue
        except Exception:  # it stops no other cohort
            logger.exception("Cohort %s could not be ended automatically", offer.cohort.pk)
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
