"""Answers to requested plans (runs with mode=plan)."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cohorts.models import Group
from cohorts.reconcile.models import GroupSync, SyncRun
from cohorts.reconcile.policy import REMOVALS_HELD, hold_all, hold_orphaned, hold_removals
from cohorts.reconcile.provider import Provider, provider_admins
from cohorts.reconcile.runs import run_log
from cohorts.reconcile.values import Action, Finding, Policy, Withheld

logger = logging.getLogger(__name__)


def answer_open(provider: Provider, desired: Any, finding: Finding, now: datetime) -> None:
    """Write the answer to every plan that waits for this provider, from the current observation."""
    name = provider.spec.name
    for run in SyncRun.objects.filter(provider=name, mode="plan", ended_at__isnull=True):
        try:
            run.summary = _describe(provider, desired, finding, run, now)
        except Exception:
            # A plan that cannot be described must not stop the provider's other work.
            logger.exception("Plan %s of %s could not be computed", run.pk, name)
            run.summary = {"trouble": "bug", "detail": ""}
        run.ended_at = datetime.now(UTC)
        run.save(update_fields=["summary", "ended_at"])


def _describe(
    provider: Provider, desired: Any, finding: Finding, run: SyncRun, now: datetime
) -> dict[str, Any]:
    name = provider.spec.name
    admin = provider_admins[name]
    groups = _still_there(run.group_ids)
    plan = provider.plan(desired, finding.observed, Policy(groups, _may_create(run, groups)))
    budget = admin.budget(desired, finding.observed, plan)
    code = run_log.read_only(name) or finding.trouble
    if code:
        plan = hold_all(plan, code)
    else:
        plan = hold_orphaned(plan, finding.orphans, _cohorts(groups))
        plan = hold_removals(plan, waiting=_waiting(name, groups))
    return {
        "trouble": code,  # of the provider as a whole
        "detail": finding.detail,
        "actions": [_row(action) for action in plan.actions],
        "withheld": [_held(held) for held in plan.withheld],
        "troubles": [asdict(trouble) for trouble in plan.troubles],
        "budget": [asdict(line) for line in budget],
        "checks": [asdict(line) for line in admin.check(desired, finding.observed)],
        "access": _access(provider, desired, finding, groups, now),
    }


def _still_there(group_ids: list[int]) -> frozenset[int]:
    return frozenset(Group.objects.filter(pk__in=group_ids).values_list("pk", flat=True))


def _cohorts(groups: frozenset[int]) -> dict[int, int]:
    return dict(Group.objects.filter(pk__in=groups).values_list("pk", "cohort_id"))


def _waiting(name: str, groups: frozenset[int]) -> frozenset[int]:
    """Return the groups with removals that wait for approval."""
    rows = GroupSync.objects.filter(provider=name, group_id__in=groups, issue=REMOVALS_HELD)
    return frozenset(rows.values_list("group_id", flat=True))


def _may_create(run: SyncRun, groups: frozenset[int]) -> frozenset[int]:
    if run.as_if_requested:
        return groups
    asked = GroupSync.objects.filter(
        provider=run.provider, group_id__in=groups, realize_requested_at__isnull=False
    )
    return frozenset(asked.values_list("group_id", flat=True))


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


def _access(
    provider: Provider,
    desired: Any,
    finding: Finding,
    groups: frozenset[int],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return, group by group, who would have access and who cannot be reached."""
    return [
        {"group_id": pk, **asdict(access)}
        for pk in sorted(groups)
        for access in provider.review(desired, finding.observed, pk, now).access
    ]
