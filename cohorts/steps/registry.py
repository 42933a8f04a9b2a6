"""What a kind of step provides, and the registry of kinds.

The app that knows the rules of a kind registers it in `AppConfig.ready()`:

    step_kinds.register(SkipWeeks())
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms

from cohorts.models import Cohort, CohortStep, Group
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class StepSection:
    """A heading and lines: what changes, or for whom."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepRecipient:
    """A person who gets the letter, and their values of its placeholders, without {name}."""

    user_id: int
    name: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StepPreview:
    """Everything a step would do. `posts`: the text for each group's channel.

    `facts`: everything that was decided, as ids, times and kinds with a stable repr and order.
    `digest` is equal while the facts and the readers are the same. Words do not count: they name
    people and times as each reader knows them, and one person's new name or zone would stop a whole
    step.
    """

    sections: tuple[StepSection, ...]
    facts: tuple[Any, ...]
    warnings: tuple[str, ...] = ()
    recipients: tuple[StepRecipient, ...] = ()
    posts: Mapping[int, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        readers = sorted(one.user_id for one in self.recipients)
        seen = (readers, sorted(self.posts), self.facts)
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]


class StepForm(forms.Form):
    """The form of a step. GET parameters are its initial values."""

    reason = forms.CharField(
        required=False, max_length=200, help_text="Optional. People read it in their letter."
    )

    def __init__(self, *args: Any, cohort: Cohort, **kwargs: Any) -> None:
        self.cohort = cohort
        super().__init__(*args, **kwargs)

    def read(self) -> dict[str, Any]:
        """Return the step's params: JSON values. May raise Refusal."""
        raise NotImplementedError


class TakeBackForm(StepForm):
    """The form of a step that takes another one back."""

    step = forms.IntegerField(widget=forms.HiddenInput)
    reason = None  # type: ignore[assignment]

    def read(self) -> dict[str, Any]:
        return {"step": self.cleaned_data["step"]}


class StepKind(ABC):
    """A kind of step. `step` may be unsaved: a request that has not been confirmed yet.

    `placeholders`: what staff may use in the letter, with an explanation; {name}, the reader's
    name, always exists. `permissions` are those that staff need. `undone_by`: the kind of the step
    that takes this one back once it is done; its params are {"step": id}. `waits`: carried out only
    after the time for undoing it. `is_offered`: linked on the cohort's page.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    button: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]
    form_class: ClassVar[type[StepForm]]
    placeholders: ClassVar[Mapping[str, str]]
    undone_by: ClassVar[str] = ""
    waits: ClassVar[bool] = True
    is_offered: ClassVar[bool] = True

    @abstractmethod
    def default_letter(self, step: CohortStep) -> str:
        """Return the letter with placeholders. The first line is the subject."""

    @abstractmethod
    def groups_of(self, step: CohortStep) -> Iterable[int]:
        """Return the ids of the groups to lock before carrying out."""

    @abstractmethod
    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        """Return what the step would do. Reads only. Raises Refusal."""

    @abstractmethod
    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        """Do it; the groups are locked and the preview still holds. Return what taking it back
        needs, as JSON. Raises Refusal."""

    def forecast(self, step: CohortStep, now: datetime) -> tuple[StepSection, ...]:
        """Return what staff read below the preview. It is not part of it: what other services last
        reported may change while a person reads. Reads only. Raises Refusal."""
        return ()

    def may_take_back(self, step: CohortStep, groups: Mapping[int, Group], now: datetime) -> bool:
        """Return whether a step that is done can still be taken back by one of `undone_by`.

        `groups`: those of the cohort, by id.  No query: lists call it for each step.
        """
        return bool(self.undone_by)

    def describe(self, step: CohortStep, groups: Mapping[int, Group]) -> str:
        """Return the step in a few words, for lists: "21 December to 3 January".  No query."""
        return ""

    @property
    def known_placeholders(self) -> Collection[str]:
        return ["name", *self.placeholders]


step_kinds: Registry[StepKind] = Registry("kinds of cohort steps")
