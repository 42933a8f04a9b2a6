"""Links from the activity to confirmed changes of a cohort, which can be undone for some time."""

from collections.abc import Collection, Mapping
from itertools import groupby

from django.urls import reverse

from cohorts import clock
from cohorts.activity.entries import EntryLink
from cohorts.models import ActivityEntry, CohortStep, Group, User
from cohorts.steps.recent import STEP_PAGE, describe_step
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import kind_of
from cohorts.web.access import staff_may


def link_steps(entries: Collection[ActivityEntry], viewer: User) -> Mapping[int, EntryLink]:
    """Return the change that each entry is about, in words.  Two queries."""
    label = CohortStep._meta.label_lower
    asked = {entry.pk: int(entry.about_id) for entry in entries if entry.about_type == label}
    if not asked:
        return {}
    steps = CohortStep.objects.select_related("cohort").defer("letter", "letters", "posts")
    found = steps.in_bulk(set(asked.values()))
    groups = Group.objects.filter(cohort__in={step.cohort_id for step in found.values()})
    by_cohort = {
        cohort_id: {group.pk: group for group in rows}
        for cohort_id, rows in groupby(groups.order_by("cohort"), lambda group: group.cohort_id)
    }
    return {
        pk: _link(found[step_id], by_cohort.get(found[step_id].cohort_id, {}), viewer)
        for pk, step_id in asked.items()
        if step_id in found and found[step_id].kind in step_kinds
    }


def _link(step: CohortStep, groups: Mapping[int, Group], viewer: User) -> EntryLink:
    described = describe_step(step, groups, clock.now())
    text = ": ".join(filter(None, (described.title, described.about)))
    if not staff_may(viewer, *kind_of(step).permissions):
        return EntryLink(text)
    undo = described.is_waiting or bool(described.take_back_url)
    return EntryLink(text, reverse(STEP_PAGE, args=[step.pk]), undo)
