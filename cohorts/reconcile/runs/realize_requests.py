"""Realize requests: who asked for which groups, and what became of each."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from cohorts.models import User
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, RealizeRequest
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.values import IssueCode

READY, WITHDRAWN, OPEN = "ready", "withdrawn", ""
# Failures in a row after which the person who asked is notified, although retries continue.
GIVEN_UP_AFTER = 3


def record_request(
    lacking: QuerySet[GroupSync], *, by: User | None, requested_as: str, now: datetime
) -> bool:
    """Record who asked, for the groups that are not ready yet in a configured provider, and say
    whether there were any. Who already waits for a group, as after a second click, is notified
    once."""
    who = {"requested_by": by, "requested_as": requested_as[:120]}
    waiting = RealizeRequest.objects.filter(ended_at=None, **who)
    known = {pk for group_ids in waiting.values_list("group_ids", flat=True) for pk in group_ids}
    rows = lacking.filter(provider__in=configured_providers())
    ids = set(rows.values_list("group_id", flat=True)) - known
    if ids:
        RealizeRequest.objects.create(requested_at=now, group_ids=sorted(ids), **who)
    return bool(ids)


def close_ended(now: datetime) -> int:
    """Close the requests of which every group has a result; return how many."""
    waiting = list(RealizeRequest.objects.filter(ended_at__isnull=True))
    outcomes = _judge({pk for request in waiting for pk in request.group_ids})
    closed = 0
    for request in waiting:
        results = {str(pk): outcomes.get(pk, WITHDRAWN) for pk in request.group_ids}
        if OPEN not in results.values():
            closed += RealizeRequest.objects.filter(pk=request.pk, ended_at=None).update(
                ended_at=now, results=results
            )
    return closed


def forget_old(before: datetime) -> None:
    RealizeRequest.objects.filter(requested_at__lt=before, ended_at__isnull=False).delete()


def _judge(group_ids: Iterable[int]) -> dict[int, str]:
    """Return the result of each group; OPEN while work continues."""
    rows = GroupSync.objects.filter(group_id__in=group_ids, provider__in=configured_providers())
    found: dict[int, list[str]] = defaultdict(list)
    for row in rows.select_related("group__cohort"):
        found[row.group_id].append(_judge_row(row))
    return {pk: _gravest(outcomes) for pk, outcomes in found.items()}


def _judge_row(row: GroupSync) -> str:
    """Return the result of one group in one provider.

    the group                                       result
    ----------------------------------------------  ---------------
    has ended                                       withdrawn
    has changed since the last comparison           open
    is ready                                        ready
    its request was withdrawn                       withdrawn
    has an issue that waits for people, or failed   the issue
    3 times in a row
    else (an outage, or not processed yet)          open
    """
    if row.group.has_ended:
        return WITHDRAWN
    if row.generation > row.observed_generation:
        return OPEN
    if row.ready_at:
        return READY
    if row.realize_requested_at is None:
        return WITHDRAWN
    return row.issue if _waits_for_people(row) else OPEN


def _waits_for_people(row: GroupSync) -> bool:
    return bool(row.issue) and (
        find_issue(row.issue).needs_person
        or row.issue == IssueCode.NO_ONE_HAS_ACCESS
        or row.failures >= GIVEN_UP_AFTER
    )


def _gravest(outcomes: list[str]) -> str:
    if OPEN in outcomes:
        return OPEN
    issues = [one for one in outcomes if one not in {READY, WITHDRAWN}]
    issues.sort(key=lambda one: one == IssueCode.NO_ONE_HAS_ACCESS)  # this needs no action
    return next(iter(issues), WITHDRAWN if WITHDRAWN in outcomes else READY)
