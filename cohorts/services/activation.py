"""Activate groups."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cohorts.models import Group
from cohorts.signals import announce, group_changed


@transaction.atomic
def activate_group(group_id: int, *, now: datetime) -> bool:
    """Make a preview group active.  Return whether it was one; a second call changes nothing."""
    changed = Group.objects.filter(pk=group_id, status=Group.Status.PREVIEW).update(
        status=Group.Status.ACTIVE, activated_at=now
    )
    if changed:
        announce([group_id], group_changed)
    return bool(changed)
