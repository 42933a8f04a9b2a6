"""A cohort's recent steps, for lists, and how each can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from cohorts.models import Cohort, CohortStep, Group, User
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import kind_of
from cohorts.web.access import staff_may

KIND_PAGE, STEP_PAGE = "admin:cohorts_cohort_step", "admin:cohorts_step"
SHOWN = 10
State = CohortStep.State


@dataclass(frozen=True, slots=True)
class RecentStep:
    """A step in words.  `take_back_url`: the page that takes it back; "" where none can."""

    step: CohortStep
    title: str
    about: str
    take_back_url: str

    @property
    def is_waiting(self) -> bool:
        return self.step.state == State.WAITING


def describe_step(step: CohortStep, groups: Mapping[int, Group], now: datetime) -> RecentStep:
    """Return the step in words.  Its cohort is loaded; `groups` are the cohort's, by id."""
    kind, url = kind_of(step), ""
    if step.state == State.DONE and kind.may_take_back(step, groups, now):
        url = f"{reverse(KIND_PAGE, args=[step.cohort_id, kind.undone_by])}?step={step.pk}"
    return RecentStep(step, kind.title, kind.describe(step, groups), url)


def list_recent_steps(
    cohort: Cohort, groups: Mapping[int, Group], user: User, now: datetime
) -> list[RecentStep]:
    """Return the recent steps of which the person may open the page, latest first.  One query."""
    steps = CohortStep.objects.filter(cohort=cohort).select_related("asked_by")
    found = []
    for step in steps.defer("letter", "letters", "posts")[:SHOWN]:
        if step.kind in step_kinds and staff_may(user, *kind_of(step).permissions):
            step.cohort = cohort
            found.append(describe_step(step, groups, now))
    return found
