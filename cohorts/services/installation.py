"""Whose installation this database is, so that a restored copy never touches production."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings

from cohorts import clock
from cohorts.models import Installation


def ensure_installation(now: datetime) -> Installation:
    """The one row; at the first start INSTALLATION_ID is written into it."""
    row, _ = Installation.objects.get_or_create(
        pk=1,
        defaults={
            "installation_id": settings.INSTALLATION_ID,
            "accepted_as": settings.INSTALLATION_ID,
            "first_started_at": now,
            "quiet_before": now,
        },
    )
    return row


def is_another(row: Installation) -> bool:
    """Whether INSTALLATION_ID names another installation than the one this database knows."""
    return row.accepted_as != settings.INSTALLATION_ID


def keep_quiet_before(now: datetime) -> None:
    """Staff's word on whose objects these are: no message that was due before it is sent."""
    Installation.objects.filter(pk=1).update(quiet_before=now)


def accept_original(row: Installation) -> None:
    """Staff's word: this is the original under a new name.  Its marks stay what they are."""
    row.accepted_as = settings.INSTALLATION_ID
    row.quiet_before = clock.now()
    row.save(update_fields=["accepted_as", "quiet_before"])


def accept_copy(row: Installation) -> None:
    """Staff's word: this is a copy.  From now on it marks what it makes with an id of its own."""
    fresh = settings.INSTALLATION_ID
    if fresh == row.installation_id:
        fresh = f"{fresh[:30]}-{secrets.token_hex(3)}"
    row.installation_id = fresh
    row.accepted_as = settings.INSTALLATION_ID
    row.quiet_before = clock.now()
    row.save(update_fields=["installation_id", "accepted_as", "quiet_before"])
