"""What a request came to, group by group, as JSON for other programs (`--json`).

Read from the run log, the sync status and what providers report; nothing is recorded for it.  What
only a provider knows is registered by its app.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cohorts import clock
from cohorts.models import AccessState, Group
from cohorts.reconcile.models import GroupSync, SyncAction
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.selectors import newest_action
from cohorts.reconcile.values import IssueCode
from cohorts.registries import Registry

Report = dict[str, Any]
ERRORS = {str(IssueCode.NO_SLOT): "no_meeting_time"}  # known to other programs by this name


@dataclass(frozen=True, slots=True)
class Since:
    """When the request was made: the newest action of the run log then, the time, and the time of
    the machine's clock, which differs only with a sandbox."""

    action: int
    time: datetime
    machine_time: datetime

    @classmethod
    def now(cls) -> Since:
        return cls(newest_action(), clock.now(), datetime.now(UTC))


ReportGroups = Callable[[Collection[int], Since], dict[int, Report]]

group_reports: Registry[ReportGroups] = Registry("reports of groups")


def report_groups(group_ids: Collection[int], since: Since) -> list[Report]:
    """Return one report per group, in the order of their ids."""
    found = [report(group_ids, since) for report in group_reports.values()]
    errors = _errors(group_ids)
    return [
        {
            "group_id": group.pk,
            "group_name": group.name,
            "error": errors.get(group.pk),
            "needs_infrastructure": errors.get(group.pk) == IssueCode.NOT_REALIZED,
            **{key: value for each in found for key, value in each[group.pk].items()},
        }
        for group in Group.objects.filter(pk__in=group_ids).order_by("pk")
    ]


def _errors(group_ids: Collection[int]) -> dict[int, str]:
    rows = GroupSync.objects.filter(group__in=group_ids, provider__in=configured_providers())
    rows = rows.exclude(issue="").order_by("-provider")  # if several, the first provider's
    return {row.group_id: ERRORS.get(row.issue, row.issue) for row in rows}


def report_access(provider: str, group_ids: Collection[int], since: Since) -> dict[int, Report]:
    """Return whose access to each group this request changed."""
    reports: dict[int, Report] = {pk: _no_access() for pk in group_ids}
    rows = AccessState.objects.filter(provider=provider, group__in=group_ids)
    for row in rows.order_by("user"):
        report, is_new = reports[row.group_id], row.changed_at >= since.time
        if row.state == AccessState.State.FAILED:
            report["failed"] += 1
        elif row.state == AccessState.State.GRANTED and not is_new:
            report["unchanged"] += 1
        elif row.state == AccessState.State.GRANTED:
            report["granted_user_ids"].append(row.user_id)
        elif row.state == AccessState.State.ENDED and is_new:
            report["revoked_user_ids"].append(row.user_id)
    for report in reports.values():
        report["granted"] = len(report["granted_user_ids"])
        report["revoked"] = len(report["revoked_user_ids"])
    return reports


def _no_access() -> Report:
    return {
        "granted": 0,
        "revoked": 0,
        "unchanged": 0,
        "failed": 0,
        "granted_user_ids": [],
        "revoked_user_ids": [],
    }


def count_actions(provider: str, group_ids: Collection[int], since: Since) -> dict[int, Report]:
    """Return how many objects of each group were created or changed; how many actions failed."""
    reports: dict[int, Report] = {pk: {"created": 0, "patched": 0, "failed": 0} for pk in group_ids}
    actions = SyncAction.objects.filter(
        run__provider=provider, pk__gt=since.action, group__in=group_ids
    )
    for action in actions:
        if action.outcome != SyncAction.Outcome.DONE:
            key = "failed"
        else:
            key = "created" if action.verb == "create" else "patched"
        assert action.group_id is not None
        reports[action.group_id][key] += 1
    return reports
