"""How many messages each open cohort had in the last days, and how many wait."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from cohorts.models import Cohort, CohortStep
from cohorts.outbox.models import UNSENT, Message
from lens.desk.cohort_messages.line_words import OF_STEPS
from lens.desk.cohort_messages.message_lines import NOT_SENT

LATELY = timedelta(days=7)
COUNTS = {
    "sent": Count("pk", filter=Q(state=Message.State.SENT)),
    "waiting": Count("pk", filter=Q(state__in=UNSENT)),
    "not_sent": Count("pk", filter=Q(state__in=NOT_SENT)),
}


@dataclass(frozen=True, slots=True)
class CohortMail:
    cohort: Cohort
    sent: int
    waiting: int
    not_sent: int


def read_overview(now: datetime) -> list[CohortMail]:
    """Return the open cohorts by start. Four queries."""
    cohorts = open_cohorts().select_related("course")
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for row in (*_of_groups(now), *_of_changes(now)):
        counts[row["cohort"]].update({name: row[name] for name in COUNTS})
    return [
        CohortMail(cohort, *(counts[cohort.pk][name] for name in COUNTS))
        for cohort in cohorts.order_by("start_date", "pk")
    ]


def open_cohorts() -> QuerySet[Cohort]:
    return Cohort.objects.filter(status=Cohort.Status.OPEN)


def _lately(now: datetime) -> QuerySet[Message]:
    recent = Q(due_at__gt=now - LATELY) | Q(state__in=UNSENT)
    return Message.objects.filter(recent).order_by()


def _of_groups(now: datetime) -> Iterable[Mapping[str, Any]]:
    messages = _lately(now).filter(group__cohort__in=open_cohorts())
    return messages.values(cohort=F("group__cohort")).annotate(**COUNTS)


def _of_changes(now: datetime) -> list[dict[str, Any]]:
    """Return the counts of letters about changes of a whole cohort, which belong to no group."""
    steps = dict(CohortStep.objects.filter(cohort__in=open_cohorts()).values_list("pk", "cohort"))
    letters = _lately(now).filter(group=None, kind__in=OF_STEPS)
    rows = letters.values("context__step").annotate(**COUNTS)
    return [
        {**row, "cohort": steps[row["context__step"]]}
        for row in rows
        if row["context__step"] in steps
    ]
