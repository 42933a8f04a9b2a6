"""Record that groups are set up, and activate them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from cohorts.activity.acting import acting_as
from cohorts.activity.recording import record
from cohorts.models import Group, live_group
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
