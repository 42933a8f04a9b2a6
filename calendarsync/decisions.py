"""Store what staff decide: about drift and addresses, to import a series, to forget records.

Nothing here makes an external call.
"""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now as real_now

from calendarsync.models import (
    CalendarAddress,
    CalendarCopy,
    CalendarEvent,
    CalendarSeries,
    ObservedRsvp,
)
from calendarsync.selectors import PROVIDER, current_series
from cohorts.errors import Refusal
from cohorts.reconcile.differences import Drift
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.services.locks import lock_groups
from cohorts.signals import announce, announce_people


@transaction.atomic
def import_series(group_id: int, event_id: str) -> CalendarSeries:
    """Record an existing series as a group's, and close the record of one that is gone.

    Raises Refusal: series_exists, no_group.
    """
    lock_groups([group_id])
    close_gone(group_id)
    if current_series([group_id]).exists():
        raise Refusal("series_exists", "This group already has a series.")
    last = CalendarSeries.objects.filter(group=group_id).aggregate(Max("generation"))
    row = CalendarSeries.objects.create(
        group_id=group_id,
        event_id=event_id,
        generation=(last["generation__max"] or 0) + 1,
        made_at=real_now(),
    )
    announce([group_id])
    return row


@transaction.atomic
def decide_drift(drift: Drift) -> Collection[int]:
    """Close the record of a deleted series; return its group.

    Whether there will be another series depends on the group's realize request, which follows from
    what staff chose.  Raises Refusal: no_record, came_back.
    """
    row = current_series().select_for_update(of=("self",)).filter(event_id=drift.key).first()
    if row is None:
        raise Refusal("no_record", f"{drift.what} is no longer recorded.")
    deleted = CalendarCopy.objects.filter(status="cancelled", event_id=row.event_id)
    if not deleted.exists():
        raise Refusal("came_back", f"{drift.what} exists again.")
    row.gone_at = real_now()
    row.save(update_fields=["gone_at"])
    return [row.group_id]


@transaction.atomic
def invite_again(addresses: Iterable[CalendarAddress]) -> None:
    """Delete what is known about these addresses, so that they are tried again."""
    people = {row.user_id for row in addresses}
    CalendarAddress.objects.filter(user__in=people).delete()
    announce_people(people)


@transaction.atomic
def close_gone(group_id: int) -> Collection[str]:
    """Close the record of a series that Google reports as deleted, or whose id is used up.

    Return the names of the closed series.
    """
    deleted = CalendarCopy.objects.filter(status="cancelled").values("event_id")
    series = current_series([group_id])
    used_up = GroupSync.objects.filter(group=group_id, provider=PROVIDER, issue="id_taken").exists()
    gone = [
        row
        for row in series.select_related("group")
        if (used_up and row.made_at is None) or deleted.filter(event_id=row.event_id).exists()
    ]
    series.filter(pk__in=[row.pk for row in gone]).update(gone_at=real_now())
    return [str(row) for row in gone]


@transaction.atomic
def delete_all() -> None:
    """Delete all records: this database is a clone, and the events belong to its original."""
    for model in (CalendarSeries, CalendarEvent, CalendarCopy, ObservedRsvp):
        model.objects.all().delete()
    ProviderState.objects.of(PROVIDER).update(cursor="")
