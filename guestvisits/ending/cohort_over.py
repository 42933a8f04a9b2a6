"""Cohorts whose last meeting ended more than 24 hours ago, and that have not ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from cohorts.models import Cohort
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from guestvisits.ending.kinds import EndCohort
from guestvisits.ending.names import END
from guestvisits.ending.offers import OFFERED_AFTER
from meetings.needs.upcoming import meetings_by_group

COHORT_OVER = "cohort_over"
PREVIEW = {"do": "preview", "status": Cohort.Status.COMPLETED.value}


def find_cohorts_over(facts: OpenCohorts) -> Iterator[Need]:
    """While a change of the cohort waits, such as its end, nothing is offered."""
    for cohort in facts.cohorts.values():
        last = last_ended_at(facts, cohort.pk)
        if last and is_over(last, facts.now) and not cohort.is_changing:  # type: ignore[attr-defined]
            yield _over(cohort, last)


def is_over(last_ended_at: datetime, now: datetime) -> bool:
    return last_ended_at + OFFERED_AFTER < now


def last_ended_at(facts: OpenCohorts, cohort_id: int) -> datetime | None:
    """Return when the last meeting of the live groups ends; None without meetings."""
    meetings = facts.read(meetings_by_group)
    groups = facts.groups_of.get(cohort_id, ())
    return max((m.ends_at for group in groups for m in meetings.get(group.pk, ())), default=None)


def _over(cohort: Cohort, last: datetime) -> Need:
    page = reverse("admin:cohorts_cohort_step", args=[cohort.pk, END])
    return Need(
        COHORT_OVER,
        cohort.pk,
        "All meetings are over",
        (NeedSubject(f"cohort:{cohort.pk}", cohort.name, "last meeting", last),),
        # The preview at once: all meetings were held, so there is nothing to choose.
        (NeedButton("End cohort", page, EndCohort.permissions, post=PREVIEW),),
    )
