"""Store the access states that providers report, for display."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from cohorts.models import AccessState


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
