"""Changes that an error in Lens prevents, as staff pages name them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from cohorts.models import CohortStep
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.steps.registry import step_kinds

FAILING_STEP = "failing_step"
SENTENCE = (
    "An error in Lens prevents a confirmed change. The operator has been alarmed. It is tried "
    "again every minute, for a day; until it succeeds you can undo it."
)


@dataclass(frozen=True, slots=True)
class FailingChange:
    """One such change. `url` is its page, for people with these permissions; "" without a page."""

    id: int
    title: str
    about: str
    since: datetime | None
    url: str
    permissions: tuple[str, ...]


def list_failing() -> list[FailingChange]:
    """Return the changes that are due and that an error in Lens prevents. One query."""
    failing = CohortStep.objects.filter(
        state=CohortStep.State.WAITING, failing_since__isnull=False
    ).select_related("cohort__course")
    found = []
    for step in failing.order_by("failing_since", "pk"):
        kind = step_kinds.get(step.kind)
        found.append(
            FailingChange(
                step.pk,
                kind.title if kind else step.kind,
                f"{step.cohort.course}, {step.cohort}",
                step.failing_since,
                reverse("admin:cohorts_step", args=[step.pk]) if kind else "",
                tuple(kind.permissions) if kind else (),
            )
        )
    return found


def find_failing_steps(facts: OpenCohorts) -> Iterator[Need]:
    """Yield one item for all of them, also of cohorts that start later. One query, if any change
    waits."""
    cohorts = (*facts.cohorts.values(), *facts.ended)
    if not any(cohort.is_changing for cohort in cohorts):  # type: ignore[attr-defined]
        return
    subjects = tuple(_subject(change) for change in list_failing())
    if subjects:
        yield Need(FAILING_STEP, None, SENTENCE, subjects)


def _subject(change: FailingChange) -> NeedSubject:
    button = NeedButton("See the change", change.url, change.permissions) if change.url else None
    return NeedSubject(
        key=str(change.id),
        name=f"{change.title}, {change.about}",
        note="could not be carried out since",
        at=change.since,
        button=button,
    )
