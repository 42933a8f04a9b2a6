"""The head of a cohort's page: how far it is, what to do next, and its recent changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from cohorts.models import Cohort, Group, User
from cohorts.needs.items import NeedButton
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.steps.recent import KIND_PAGE, RecentStep, list_recent_steps
from cohorts.steps.registry import step_kinds
from discordsync.removal.removal_due import PERMISSION as REMOVAL
from discordsync.removal.removal_due import read_remains
from guestvisits.ending import END
from guestvisits.ending.cohort_over import PREVIEW, is_over, last_ended_at
from guestvisits.ending.end_steps import PERMISSIONS as ENDING
from guestvisits.merging import MERGE
from lens.desk.cohort_rows import CohortRow, read_cohort_rows, was_requested

OF_A_GROUP = (MERGE,)  # kinds of change that the rows of the groups offer


@dataclass(frozen=True, slots=True)
class CohortHeader:
    """`groups`: all of the cohort, those that have ended last.  `last_ended_at`: of the meetings of
    an open cohort; None without meetings."""

    row: CohortRow
    groups: tuple[Group, ...]
    last_ended_at: datetime | None
    acts: tuple[NeedButton, ...]
    steps: tuple[RecentStep, ...]


def read_header(facts: OpenCohorts, cohort: Cohort, user: User) -> CohortHeader:
    """Return the head of the one cohort that was read.  Five queries at most."""
    groups = (*facts.groups.values(), *facts.past_groups)
    by_id = {group.pk: group for group in groups}
    steps = list_recent_steps(cohort, by_id, user, facts.now)
    last = last_ended_at(facts, cohort.pk)
    (row,) = read_cohort_rows(facts)
    if cohort.has_ended:
        acts = _acts_of_ended(facts, cohort, steps)
    else:
        acts = _acts(facts, cohort, steps, last)
    return CohortHeader(row, groups, last, tuple(acts), tuple(steps))


def _acts(
    facts: OpenCohorts, cohort: Cohort, steps: Iterable[RecentStep], last: datetime | None
) -> Iterator[NeedButton]:
    """Yield what can be done with an open cohort, the most likely first."""
    groups = facts.groups_of.get(cohort.pk, ())
    is_ending = any(_is_whole_end(one) and one.is_waiting for one in steps)
    if not all(group.set_up_at for group in groups):
        plan = reverse("sync:plan_cohort", args=[cohort.pk])
        yield NeedButton("Realize", plan, (PERMISSION,), {}, is_primary=True)
        if was_requested(facts, cohort):
            progress = reverse("sync:progress", args=[cohort.pk])
            yield NeedButton("Show progress", progress, (PERMISSION,))
    if last and is_over(last, facts.now) and not is_ending:
        # The preview at once: all meetings were held, so there is nothing to choose.
        yield NeedButton("End cohort…", _page(cohort, END), ENDING, PREVIEW, is_primary=True)
        is_ending = True
    for kind in step_kinds.values() if groups else ():
        hidden = kind.name in OF_A_GROUP or (kind.name == END and is_ending)
        if kind.is_offered and not hidden:
            yield NeedButton(f"{kind.title}…", _page(cohort, kind.name), kind.permissions)


def _acts_of_ended(
    facts: OpenCohorts, cohort: Cohort, steps: Iterable[RecentStep]
) -> Iterator[NeedButton]:
    end = next((one for one in steps if _is_whole_end(one) and one.take_back_url), None)
    if end:
        yield NeedButton("Reopen…", end.take_back_url, ENDING)
    if cohort in facts.read(read_remains):
        page = reverse("admin:discordsync_removals")
        yield NeedButton("Review removal…", page, (REMOVAL,), {"cohort": str(cohort.pk)})


def _is_whole_end(one: RecentStep) -> bool:
    params: Mapping[str, object] = one.step.params
    return one.step.kind == END and not params.get("groups")


def _page(cohort: Cohort, kind: str) -> str:
    return reverse(KIND_PAGE, args=[cohort.pk, kind])
