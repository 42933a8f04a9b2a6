"""Objects of live groups that were deleted outside, or that only recreating repairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.words import count

DELETED_OUTSIDE, RENAMED = "deleted_outside", "renamed"
HARMLESS = ("renamed", "channel_moved")  # codes of issues that change nothing for anyone
RECREATE = "recreate"


class DeskSync(NamedTuple):
    """The state of a live group in a configured provider."""

    group_id: int
    provider: str
    issue: str
    is_requested: bool


def read_syncs(facts: OpenCohorts) -> list[DeskSync]:
    """Return those that have an issue, or that someone asked to set up.  One query."""
    rows = GroupSync.objects.filter(facts.live("group__"), provider__in=configured_providers())
    found = rows.exclude(issue="", realize_requested_at__isnull=True).order_by("group__name", "pk")
    columns = ("group", "provider", "issue", "realize_requested_at")
    return [
        DeskSync(group_id, provider, issue, requested_at is not None)
        for group_id, provider, issue, requested_at in found.values_list(*columns)
        if group_id in facts.groups
    ]


def find_deleted_outside(facts: OpenCohorts) -> Iterator[Need]:
    found: dict[int, list[NeedSubject]] = defaultdict(list)
    for row in facts.read(read_syncs):
        if find_issue(row.issue).remedy == RECREATE:
            found[facts.groups[row.group_id].cohort_id].append(_deleted(facts, row))
    for cohort_id, subjects in found.items():
        groups = len({subject.name for subject in subjects})
        yield Need(
            DELETED_OUTSIDE,
            cohort_id,
            f"Something of {count(groups, 'group')} was deleted or broken outside Lens",
            tuple(subjects),
            follows_from=frozenset({"worker"}),
        )


def _deleted(facts: OpenCohorts, row: DeskSync) -> NeedSubject:
    page = address_of(f"sync:{RECREATE}", row.group_id, row.provider)
    return NeedSubject(
        f"group:{row.group_id}:{row.provider}",
        facts.groups[row.group_id].name,
        find_issue(row.issue).sentence,
        button=NeedButton(
            "Recreate", page, (PERMISSION,), post={"next": address_of("admin:today")}
        ),
    )


def find_harmless(facts: OpenCohorts) -> Iterator[Need]:
    found: dict[int, list[NeedSubject]] = defaultdict(list)
    for row in facts.read(read_syncs):
        if row.issue in HARMLESS:
            group = facts.groups[row.group_id]
            subject = NeedSubject(
                f"group:{row.group_id}", group.name, find_issue(row.issue).sentence
            )
            found[group.cohort_id].append(subject)
    for cohort_id, subjects in found.items():
        yield Need(
            RENAMED,
            cohort_id,
            f"Channels or roles of {count(len(subjects), 'group')} were renamed or moved",
            tuple(subjects),
            is_harmless=True,
        )
