"""Store what providers report: that a group is set up or active, and who has access."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from cohorts.activity.acting import acting_as
from cohorts.activity.recording import record
from cohorts.models import AccessState, Group, live_group
from cohorts.signals import announce, group_changed


@transaction.atomic
def record_set_up(group_id: int, *, now: datetime) -> bool:
    """Record that a group's channels and series exist.  Return whether that was not known before.

    Members get their letter and the group's pages open.  Nobody needs to have access yet.
    """
    changed = Group.objects.filter(live_group(), pk=group_id, set_up_at=None).update(set_up_at=now)
    if changed:
        _record("group_set_up", group_id)
        announce([group_id], group_changed)
    return bool(changed)


@transaction.atomic
def activate_group(group_id: int, *, now: datetime) -> bool:
    """Make a preview group active.  Return whether it was one; a second call changes nothing."""
    changed = Group.objects.filter(pk=group_id, status=Group.Status.PREVIEW).update(
        status=Group.Status.ACTIVE, activated_at=now, set_up_at=Coalesce("set_up_at", Value(now))
    )
    if changed:
        _record("group_activated", group_id)
        announce([group_id], group_changed)
    return bool(changed)


def _record(kind: str, group_id: int) -> None:
    with acting_as(None):
        record(kind, group=Group.objects.get(pk=group_id))


@transaction.atomic
def report_access(
    provider: str, group_id: int, states: Iterable[tuple[int, str, str]], *, now: datetime
) -> bool:
    """Replace the stored access states of one group in one provider.

    Returns whether anyone has got access.

    `states`: (person id, a state of AccessState, a sentence).  Writes only rows that differ, so
    that `changed_at` is the time of the last change and a repeated report costs one query.
    """
    held = {
        row.user_id: row for row in AccessState.objects.filter(provider=provider, group_id=group_id)
    }
    fresh, changed = [], []
    for person_id, state, reason in states:
        row = held.pop(person_id, None)
        if row is None:
            row = AccessState(user_id=person_id, group_id=group_id, provider=provider)
            fresh.append(row)
        elif (row.state, row.reason) != (state, reason):
            changed.append(row)
        else:
            continue
        row.state, row.reason, row.changed_at = state, reason, now
    AccessState.objects.bulk_create(fresh, ignore_conflicts=True)
    AccessState.objects.bulk_update(changed, ["state", "reason", "changed_at"])
    _end([row for row in held.values() if row.state != AccessState.State.ENDED], now)
    return any(row.state == AccessState.State.GRANTED for row in [*fresh, *changed])


def _end(rows: list[AccessState], now: datetime) -> None:
    """Mark people who are no longer in the report as having no access."""
    for row in rows:
        row.state, row.reason, row.changed_at = AccessState.State.ENDED, "", now
    AccessState.objects.bulk_update(rows, ["state", "reason", "changed_at"])
