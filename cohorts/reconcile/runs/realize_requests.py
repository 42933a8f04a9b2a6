"""Realize requests: who asked for which groups, and what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from cohorts.models import User
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, RealizeRequest
from cohorts.reconcile.provider import configured_providers

STANDING, WITHDRAWN, OPEN = "standing", "withdrawn", ""
# Failures in a row after which the person who asked is notified, although retries continue.
GIVEN_UP_AFTER = 3


def note_request(
    lacking: QuerySet[GroupSync], *, by: User | None, asked_as: str, now: datetime
) -> None:
    """Record who asked, for the groups that are not ready yet in a configured provider."""
    rows = lacking.filter(mirror__in=configured_providers())
    ids = sorted(set(rows.values_list("group_id", flat=True)))
    if ids:
        RealizeRequest.objects.create(
            asked_at=now, asked_by=by, asked_as=asked_as[:120], group_ids=ids
        )


def close_ended(now: datetime) -> int:
    """Close the requests of which every group has a result; return how many."""
    waiting = list(RealizeRequest.objects.filter(ended_at__isnull=True))
    outcomes = _judge({pk for request in waiting for pk in request.group_ids})
    closed = 0
    for request in waiting:
        came_to = {str(pk): outcomes.get(pk, WITHDRAWN) for pk in request.group_ids}
        if OPEN not in came_to.values():
            closed += RealizeRequest.objects.filter(pk=request.pk, ended_at=None).update(
                ended_at=now, came_to=came_to
            )
    return closed


def forget_old(before: datetime) -> None:
    RealizeRequest.objects.filter(asked_at__lt=before).delete()


def _judge(group_ids: Iterable[int]) -> dict[int, str]:
    """Return the result of each group; OPEN while work continues."""
    rows = GroupSync.objects.filter(group_id__in=group_ids, mirror__in=configured_providers())
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
    is ready                                        standing
    its request was withdrawn                       withdrawn
    has an issue that waits for people, or failed   the issue
    3 times in a row
    else (an outage, or not processed yet)          open
    """
    if row.group.has_ended:
        return WITHDRAWN
    if row.wanted > row.seen:
        return OPEN
    if row.stands_at:
        return STANDING
    if row.create_asked_at is None:
        return WITHDRAWN
    return row.trouble if _waits_for_people(row) else OPEN


def _waits_for_people(row: GroupSync) -> bool:
    return bool(row.trouble) and (
        find_issue(row.trouble).needs_person
        or row.trouble == "nobody_has_access"
        or row.failures >= GIVEN_UP_AFTER
    )


def _gravest(outcomes: list[str]) -> str:
    if OPEN in outcomes:
        return OPEN
    troubles = [one for one in outcomes if one not in {STANDING, WITHDRAWN}]
    return next(iter(troubles), WITHDRAWN if WITHDRAWN in outcomes else STANDING)
