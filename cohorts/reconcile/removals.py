"""Removals that wait for approval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from cohorts.models import User
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync, SyncRun
from cohorts.reconcile.values import IssueCode


def groups_with_held_removals(provider: str) -> list[int]:
    rows = GroupSync.objects.filter(provider=provider, issue=IssueCode.REMOVALS_HELD)
    return sorted(rows.values_list("group_id", flat=True))


@transaction.atomic
def approve_shown_removals(runs: Iterable[SyncRun], *, by: User, now: datetime) -> int:
    """Approve exactly the removals that these plans showed; return the number of people."""
    people: dict[tuple[str, int], set[str]] = defaultdict(set)
    for run in runs:
        for row in run.summary.get("withheld", ()):
            if row["reason"] == IssueCode.REMOVALS_HELD and row["removes"] and row["group_id"]:
                people[run.provider, row["group_id"]].add(row["removes"])
    for (provider, group_id), names in sorted(people.items()):
        services.approve_removals(group_id, provider, names, by=by, now=now)
    return len(set().union(*people.values())) if people else 0
