"""Store the status of groups for which nothing is left to do now."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cohorts.models import AccessState, Group
from cohorts.reconcile.differences import merge_drift
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.runs.planned_work import Blocker, Remaining
from cohorts.reconcile.values import Access, Due, IssueCode, Review
from cohorts.reconcile.workers.backoff import wait_before_retry
from cohorts.services.locks import lock_found
from cohorts.services.provider_reports import activate_groups, record_set_up, report_access
from cohorts.signals import announced_together

Finished = Sequence[tuple[Due, Review]]  # groups for which nothing is left to do now
TOGETHER = 25  # groups in one transaction: a booking in one of them waits for it


def update_access(
    provider: str, finished: Finished, remaining: Remaining, *, now: datetime
) -> set[int]:
    """Store who has access to these groups. Return those in which anyone has gained it."""
    states = {}
    for due, review in finished:
        access_blocker = remaining.access_blocker(due)
        states[due.group_id] = [_shown_access(each, access_blocker) for each in review.access]
    return report_access(provider, states, now=now)


def update_statuses(
    provider: str, finished: Finished, remaining: Remaining, *, now: datetime
) -> list[float]:
    """Store the result of one comparison of each of these groups.

    Return how many seconds after a change groups are in sync again that are since now, except where
    the time was a person's to decide something.
    """
    parts = [finished[start : start + TOGETHER] for start in range(0, len(finished), TOGETHER)]
    return [took for part in parts for took in _update_part(provider, part, remaining, now)]


@transaction.atomic
def _update_part(
    provider: str, finished: Finished, remaining: Remaining, now: datetime
) -> list[float]:
    """Update the status of a few groups, in a constant number of queries.

    The groups are locked first, as in every service: a concurrent booking holds its lock and needs
    the rows below. Those are read under lock, so that a request made since the comparison is kept;
    those of other providers are locked with them, since a group that becomes active changes both.
    """
    ids = [due.group_id for due, _ in finished]
    groups = {group.pk: group for group in lock_found(Group.objects.filter(pk__in=ids))}
    syncs = GroupSync.objects.filter(group__in=groups).order_by("pk").select_for_update()
    rows = {row.group_id: row for row in syncs if row.provider == provider}
    took = [
        _note_status(rows[due.group_id], due, review, remaining, now)
        for due, review in finished
        if due.group_id in rows  # else it was deleted since
    ]
    GroupSync.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["group", "provider"],
        update_fields=STATUS_FIELDS,
    )
    new = [pk for pk, row in rows.items() if row.set_up_at and _is_to_update(groups[pk])]
    update_groups(new, now=now)
    return [seconds for seconds in took if seconds is not None]


def _is_to_update(group: Group) -> bool:
    return group.set_up_at is None or group.status == Group.Status.PREVIEW


def _note_status(
    row: GroupSync, due: Due, review: Review, remaining: Remaining, now: datetime
) -> float | None:
    """Note the result of one comparison; return how many seconds after a change the group is in
    sync, if it is since now."""
    was_in_sync = row.generation == row.observed_generation and not row.has_waiting_work
    row.observed_generation, row.has_waiting_work = due.generation, remaining.has_work(due)
    is_in_sync = row.generation == row.observed_generation and not row.has_waiting_work
    took = None
    if is_in_sync and not was_in_sync and not _waits_for_person(row.issue):
        took = (now - row.sync_since).total_seconds()
    if was_in_sync != is_in_sync:
        row.sync_since = now
    blocker = remaining.blocker(due)
    if remaining.has_used_approval(due) and row.approved_people == due.approved:
        row.removals_approved = None  # used once
    _note_issue(row, blocker or _from_review(review), now)
    row.drift = merge_drift(row.drift, review.drift, now)
    row.next_at = _next_check(row, review, blocker, now)
    if review.ready:
        row.ready_at = row.ready_at or now
        if row.generation == due.generation:  # else it may have been requested meanwhile
            row.realize_requested_at = row.realize_requested_by = None
    elif row.ready_at and review.issue:
        row.ready_at = None
    if review.ready or review.is_set_up:
        row.set_up_at = row.set_up_at or now
    return took


STATUS_FIELDS = [
    "observed_generation",
    "next_at",
    "realize_requested_at",
    "realize_requested_by",
    "ready_at",
    "set_up_at",
    "failures",
    "issue",
    "issue_detail",
    "health_since",
    "has_waiting_work",
    "sync_since",
    "removals_approved",
    "drift",
]


def update_groups(group_ids: Collection[int], *, now: datetime) -> None:
    """Record that groups are set up once every provider in use has set them up, and activate them
    once they are ready in every required one. An unconfigured one never is, so neither happens
    without it."""
    specs = provider_specs()
    required = {name for name, spec in specs.items() if spec.required}
    in_use = required | {name for name, spec in specs.items() if spec.is_configured}
    set_up: dict[int, set[str]] = {pk: set() for pk in group_ids}
    ready: dict[int, set[str]] = {pk: set() for pk in group_ids}
    for row in GroupSync.objects.filter(group_id__in=group_ids, provider__in=in_use):
        set_up[row.group_id] |= {row.provider} if row.set_up_at else set()
        ready[row.group_id] |= {row.provider} if row.ready_at else set()
    with announced_together():
        record_set_up([pk for pk, names in set_up.items() if names == in_use], now=now)
        activate_groups([pk for pk, names in ready.items() if required <= names], now=now)


def _shown_access(access: Access, access_blocker: Blocker | None) -> tuple[int, str, str]:
    """Return the access to show for one person: “On its way” would be wrong if it is blocked."""
    if access.state != AccessState.State.PENDING or access_blocker is None:
        return access.person_id, access.state, access.reason
    state = AccessState.State.FAILED if access_blocker.failed else AccessState.State.WITHHELD
    return access.person_id, state, find_issue(access_blocker.code).sentence


def _waits_for_person(issue: str) -> bool:
    return issue != IssueCode.NOT_REALIZED and find_issue(issue).needs_person


def _from_review(review: Review) -> Blocker | None:
    return Blocker(review.issue, review.detail) if review.issue else None


def _note_issue(row: GroupSync, blocker: Blocker | None, now: datetime) -> None:
    code = blocker.code if blocker else ""
    if code != row.issue:
        row.health_since = now
    row.issue = code
    row.issue_detail = (blocker.detail if blocker else "")[:500]
    row.failures = row.failures + 1 if blocker and blocker.failed else 0


def _next_check(row: GroupSync, review: Review, blocker: Blocker | None, now: datetime) -> datetime:
    """Return the earliest of: the next change in the facts, a retry, the hourly comparison."""
    moments = [now + timedelta(seconds=settings.SYNC["compare_seconds"])]
    if review.next_at and review.next_at > now:
        moments.append(review.next_at)
    if blocker and blocker.wait is not None:
        moments.append(now + blocker.wait)
    if blocker and blocker.failed and not find_issue(blocker.code).needs_person:
        moments.append(now + wait_before_retry(row.failures))
    return min(moments)
