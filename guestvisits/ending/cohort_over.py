"""Cohorts whose last meeting ended more than 24 hours ago, and that have not ended."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cohorts.models import Cohort, CohortStep
from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from guestvisits.ending import END
from guestvisits.ending.end_steps import EndCohort
from guestvisits.ending.offers import find_stopped
from meetings.needs.upcoming import meetings_by_group

COHORT_OVER = "cohort_over"
OFFERED_AFTER = timedelta(days=1)  # after the last meeting
PREVIEW = {"do": "preview", "status": Cohort.Status.COMPLETED.value}


def find_cohorts_over(facts: OpenCohorts) -> Iterator[Need]:
    """While a change of the cohort waits, such as its end, nothing is offered.

    No one asked for an automatic end, so no one gets an e-mail if it is stopped: the item says why.
    """
    over = {
        cohort: last
        for cohort in facts.cohorts.values()
        if not cohort.is_changing  # type: ignore[attr-defined]
        and (last := last_ended_at(facts, cohort.pk))
        and is_over(last, facts.now)
    }
    stopped = find_stopped(over)
    for cohort, last in over.items():
        yield _over(cohort, last, stopped.get(cohort.pk))


def is_over(last_ended_at: datetime, now: datetime) -> bool:
    return last_ended_at + OFFERED_AFTER < now


def last_ended_at(facts: OpenCohorts, cohort_id: int) -> datetime | None:
    """Return when the last meeting of the live groups ends; None without meetings."""
    meetings = facts.read(meetings_by_group)
    groups = facts.groups_of.get(cohort_id, ())
    return max((m.ends_at for group in groups for m in meetings.get(group.pk, ())), default=None)


def _over(cohort: Cohort, last: datetime, stopped: CohortStep | None) -> Need:
    sentence = "All meetings are over"
    key = f"cohort:{cohort.pk}"
    if stopped:
        sentence += f", but the automatic end was stopped. {stopped.stopped_why}"
        key += f":{stopped.pk}"  # so that an item that was snoozed before comes back
    page = address_of("admin:cohorts_cohort_step", cohort.pk, END)
    return Need(
        COHORT_OVER,
        cohort.pk,
        sentence,
        (NeedSubject(key, cohort.name, "last meeting", last),),
        # The preview at once: all meetings were held, so there is nothing to choose.
        (NeedButton("End cohort", page, EndCohort.permissions, post=PREVIEW),),
    )
