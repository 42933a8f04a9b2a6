"""A kind of step that renames a cohort, and a cohort of two groups for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from django import forms

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep
from cohorts.selectors import members_of
from cohorts.steps.registry import (
    StepForm,
    StepKind,
    StepPreview,
    StepRecipient,
    StepSection,
    step_kinds,
)
from tests.support.academy import Academy

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)


class WorkerKilled(BaseException):
    """Ends a task at once, like the signal that ends a worker."""


class RenameForm(StepForm):
    new_name = forms.CharField()

    def read(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["new_name"]}


class Rename(StepKind):
    name = "rename"
    title = "Rename"
    button = "Rename cohort"
    permissions = ("cohorts.change_cohort",)
    form_class = RenameForm
    placeholders = {"old": "the name until now"}

    def default_letter(self, step: CohortStep) -> str:
        return f"{{old}} is now {step.params['name']}\n{step.reason}\nSee you, {{name}}."

    def groups_of(self, step: CohortStep) -> Iterable[int]:
        return step.cohort.groups.values_list("pk", flat=True)

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        cohort = Cohort.objects.get(pk=step.cohort_id)
        if cohort.has_ended:
            raise Refusal("cohort_ended", "The cohort has ended.")
        return StepPreview(
            sections=(StepSection("Name", (f"{cohort.name} becomes {step.params['name']}",)),),
            facts=(cohort.name, step.params["name"]),
            recipients=tuple(
                {
                    row.user_id: StepRecipient(
                        row.user_id, row.user.display_name, {"old": cohort.name}
                    )
                    for row in members_of(self.groups_of(step))
                }.values()
            ),
            posts=dict.fromkeys(self.groups_of(step), "A new name"),
        )

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        before = Cohort.objects.get(pk=step.cohort_id).name
        Cohort.objects.filter(pk=step.cohort_id).update(name=step.params["name"])
        if step.params["name"] == "Broken":
            raise RuntimeError("A bug")
        if step.params["name"] == "Deadly":
            raise WorkerKilled
        return {"before": before}


@pytest.fixture
def rename(registered) -> Rename:
    kind = Rename()
    registered.add(step_kinds, kind)
    return kind


@pytest.fixture
def academy(db: None) -> Academy:
    """Ann is in two groups; Bea in one."""
    academy = Academy(NOW, groups="AB")
    academy.add_facilitator("Ann", "A", "B")
    academy.add_member("Bea", "B")
    return academy
