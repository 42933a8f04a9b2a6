"""Answers to requested plans (runs with mode=plan)."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cohorts.models import Group
from cohorts.reconcile.models import GroupSync, SyncRun
from cohorts.reconcile.provider import ListsRemovable, Provider, ProviderAdmin, provider_admins
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.runs.policy import restrict
from cohorts.reconcile.values import Action, Due, Finding, IssueCode, Policy, Withheld

logger = logging.getLogger(__name__)


def answer_open(provider: Provider, desired: Any, finding: Finding, now: datetime) -> None:
    """Write the answer to every plan that waits for this provider, from the current observation."""
    name = provider.spec.name
    for run in provider_state.open_plans(name):
        try:
            run.summary = _describe(provider, desired, finding, run, now)
        except Exception:
            # A plan that cannot be described must not stop the provider's other work.
            logger.exception("Plan %s of %s could not be computed", run.pk, name)
            run.summary = {"issue": IssueCode.BUG, "detail": ""}
        run.ended_at = datetime.now(UTC)
        run.save(update_fields=["summary", "ended_at"])


def _describe(
    provider: Provider, desired: Any, finding: Finding, run: SyncRun, now: datetime
) -> dict[str, Any]:
    name = provider.spec.name
    admin = provider_admins[name]
    due = _read_groups(run)
    plan = provider.plan(desired, finding.observed, Policy.of(due))
    budget = admin.budget(desired, finding.observed, plan)
    code = provider_state.find_write_ban(name) or finding.issue
    plan = restrict(plan, due, finding.orphans, code)
    return {
        "issue": code,  # of the provider as a whole
        "detail": finding.detail,
        "actions": [_row(action) for action in plan.actions],
        "withheld": [_held(held) for held in plan.withheld],
        "issues": [asdict(issue) for issue in plan.issues],
        "budget": [asdict(line) for line in budget],
        "checks": [asdict(line) for line in admin.check(desired, finding.observed)],
        "removable": _removable(admin, desired, finding, due),
        "access": _access(provider, desired, finding, due, now),
    }


def _read_groups(run: SyncRun) -> list[Due]:
    """Return the groups that the plan is for. Their approvals are ignored: the names are shown."""
    rows = GroupSync.objects.filter(provider=run.provider, group_id__in=run.group_ids)
    known = {row.group_id: row for row in rows}
    return [
        Due(
            group.pk,
            group.cohort_id,
            may_create=run.as_if_requested or bool(row and row.realize_requested_at),
            issue=row.issue if row else "",
        )
        for group in Group.objects.filter(pk__in=run.group_ids).order_by("pk")
        for row in [known.get(group.pk)]
    ]


def _row(action: Action) -> dict[str, Any]:
    return {
        "kind": action.kind,
        "verb": action.verb,
        "target": action.target,
        "why": action.why,
        "group_id": action.group_id,
        "cohort_id": action.cohort_id,
        "removes": action.removes,
    }


def _held(held: Withheld) -> dict[str, Any]:
    return {**_row(held.action), "reason": held.reason, "detail": held.detail}


def _removable(
    admin: ProviderAdmin, desired: Any, finding: Finding, due: list[Due]
) -> list[dict[str, Any]]:
    if not isinstance(admin, ListsRemovable):
        return []
    group_ids = [row.group_id for row in due]
    return [asdict(one) for one in admin.removable(desired, finding.observed, group_ids)]


def _access(
    provider: Provider,
    desired: Any,
    finding: Finding,
    due: list[Due],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return, group by group, who would have access and who cannot be reached."""
    return [
        {"group_id": row.group_id, **asdict(access)}
        for row in due
        for access in provider.review(desired, finding.observed, row.group_id, now).access
    ]
