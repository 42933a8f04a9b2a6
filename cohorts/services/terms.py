"""Preview and change a cohort's term: its start and number of meetings.

While a cohort is being set up, both are edited directly.  Once one of its groups is set up, people
hold invitations, so the consequences are previewed first and then applied exactly as shown.  Only
higher layers know the consequences, and register functions that return them.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Protocol

from django.db import transaction

from cohorts.activity.recording import one_act
from cohorts.errors import Refusal
from cohorts.models import Cohort, Group
from cohorts.models.courses import set_up_group
from cohorts.registries import Registry
from cohorts.services.locks import lock_groups
from cohorts.signals import announced_together

TERM_FIELDS = ["start_date", "number_of_meetings"]


@dataclass(frozen=True, slots=True)
class Term:
    start_date: date
    number_of_meetings: int


class GroupPreview(Protocol):
    """The changes to one group's meetings; `digest` changes if any of them does."""

    @property
    def digest(self) -> str: ...

    def summary(self) -> str: ...


PreviewGroups = Callable[[int, Term, datetime, int | None], Iterable[GroupPreview]]

term_previews: Registry[PreviewGroups] = Registry("previews of a term")


@dataclass(frozen=True, slots=True)
class TermPreview:
    """The previews of all groups that are set up and whose meetings would change."""

    name: str
    groups: tuple[GroupPreview, ...]

    @property
    def digest(self) -> str:
        return digest_of([self])


def digest_of(previews: Collection[TermPreview]) -> str:
    seen = [(each.name, [group.digest for group in each.groups]) for each in previews]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]


def is_running(cohort_id: int) -> bool:
    return Group.objects.filter(set_up_group(), cohort=cohort_id).exists()


def preview_term(
    cohort_id: int, name: str, term: Term, *, now: datetime, by: int | None = None
) -> TermPreview:
    """Return what the term would change, as the person `by` may see it.  Reads only."""
    found = (preview(cohort_id, term, now, by) for preview in term_previews.values())
    return TermPreview(name, tuple(chain.from_iterable(found)))


@transaction.atomic
def change_term(cohort_id: int, term: Term, *, seen: str, now: datetime) -> Cohort:
    """Change a cohort's start or number of meetings; its meetings are updated at once.

    `seen` is the digest of the preview that the user confirmed.  Raises Refusal: facts_changed if
    the preview would be different now.
    """
    lock_groups(Group.objects.filter(cohort=cohort_id).values_list("pk", flat=True))
    cohort = Cohort.objects.get(pk=cohort_id)
    if preview_term(cohort_id, cohort.name, term, now=now).digest != seen:
        raise Refusal(
            "facts_changed",
            "The data has changed since the preview. Nothing was changed. Check the new preview.",
        )
    changes: dict[str, list[object]] = {
        "Start": [cohort.start_date, term.start_date],
        "Number of meetings": [cohort.number_of_meetings, term.number_of_meetings],
    }
    cohort.start_date, cohort.number_of_meetings = term.start_date, term.number_of_meetings
    # Meetings follow when the changes are announced, which is at the end of the inner block.
    with (
        one_act("term_changed", cohort=cohort, about=cohort, changes=changes),
        announced_together(),
    ):
        cohort.save(update_fields=TERM_FIELDS)
    return cohort
