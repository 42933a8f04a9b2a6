"""Changes that an error in Lens prevents, as an item of the Today page."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from cohorts.models import CohortStep
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import find_failing

FAILING_STEP = "failing_step"
SENTENCE = (
    "An error in Lens prevents a confirmed change. The operator has been alarmed. It is tried "
    "again every minute, for a day; until it succeeds you can undo it."
)


def find_failing_steps(facts: OpenCohorts) -> Iterator[Need]:
    """Yield one item for all of them, also of cohorts that start later. One query, if any change
    waits."""
    cohorts = (*facts.cohorts.values(), *facts.ended)
    if not any(cohort.is_changing for cohort in cohorts):  # type: ignore[attr-defined]
        return
    subjects = tuple(_describe(step) for step in find_failing())
    if subjects:
        yield Need(FAILING_STEP, None, SENTENCE, subjects)


def _describe(step: CohortStep) -> NeedSubject:
    kind = step_kinds.get(step.kind)
    url = reverse("admin:cohorts_step", args=[step.pk])
    return NeedSubject(
        key=str(step.pk),
        name=f"{kind.title if kind else step.kind}, {step.cohort.course}, {step.cohort}",
        note="could not be carried out since",
        at=step.failing_since,
        button=NeedButton("See the change", url, tuple(kind.permissions)) if kind else None,
    )
