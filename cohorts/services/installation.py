"""Whose installation this database is, so that a restored copy never touches production."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from cohorts import clock
from cohorts.models import AccountLetter, Installation, Seal
from cohorts.models.installation import PresentSeal

RESTORED, OTHER_INSTALLATION = "restored", "other_installation"
BROKEN = "broken"  # a seal that matches nothing


def ensure_installation(now: datetime) -> Installation:
    """Return the one row, with its seal; the first start writes INSTALLATION_ID into it."""
    row = Installation.objects.with_seal().filter(pk=1).first()
    return row or _first_start(now)


@transaction.atomic
def _first_start(now: datetime) -> Installation:
    if not settings.INSTALLATION_ID:
        raise ImproperlyConfigured("INSTALLATION_ID is not set, so nothing can be marked as ours.")
    _, is_new = Installation.objects.get_or_create(
        pk=1,
        defaults={
            "installation_id": settings.INSTALLATION_ID,
            "accepted_as": settings.INSTALLATION_ID,
            "first_started_at": now,
            "quiet_before": now,
        },
    )
    if is_new:
        seal(now)
    return Installation.objects.with_seal().get(pk=1)


@transaction.atomic
def seal(now: datetime) -> None:
    """Take the database as it is now for the right one.

    Two rows, since a row that is written within a savepoint has another `xmin` than the id of the
    transaction that it could store of itself.
    """
    Seal.objects.update_or_create(pk=1, defaults={"written_at": now})
    Installation.objects.filter(pk=1).update(seal=PresentSeal())


def break_seal() -> bool:
    """Have everything stop until staff answer; returns False where nothing was ever started."""
    return bool(Installation.objects.filter(pk=1).update(seal=BROKEN))


def find_doubt(row: Installation) -> str:
    """Return the code of the reason why this database may be a copy, or ""."""
    if row.is_restored:
        return RESTORED
    return OTHER_INSTALLATION if row.accepted_as != settings.INSTALLATION_ID else ""


def accept_original(row: Installation) -> None:
    """Staff's answer: this is the original, restored or under a new name.  Its marks stay."""
    _accept(row, row.installation_id)


def accept_copy(row: Installation) -> None:
    """Staff's answer: this is a copy.

    From now on it marks what it makes with an id of its own, and it sends nothing.
    """
    fresh = settings.INSTALLATION_ID
    if fresh == row.installation_id:
        fresh = f"{fresh[:30]}-{secrets.token_hex(3)}"
    row.silenced_at = clock.now()
    _forget_warnings()
    _accept(row, fresh)


def _accept(row: Installation, installation_id: str) -> None:
    """Messages that were due before the question came up may have been sent by the original."""
    now = clock.now()
    row.installation_id = installation_id
    row.accepted_as = settings.INSTALLATION_ID
    row.quiet_before = row.doubted_at or now
    row.doubted_at = row.alarmed_at = None
    row.save(
        update_fields=[
            "installation_id",
            "accepted_as",
            "quiet_before",
            "doubted_at",
            "alarmed_at",
            "silenced_at",
        ]
    )
    seal(now)


def end_silence(now: datetime) -> bool:
    """Staff allow a copy to send.  What was due before may have been sent by the original."""
    _forget_warnings()
    silenced = Installation.objects.filter(pk=1, silenced_at__isnull=False)
    return bool(silenced.update(silenced_at=None, quiet_before=now))


def _forget_warnings() -> None:
    """Letters about accounts that changed in the original, which wrote them itself."""
    AccountLetter.objects.exclude(kind=AccountLetter.Kind.PASSWORD_RESET).delete()
