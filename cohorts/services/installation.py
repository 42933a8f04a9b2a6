"""Check and set the identity of this installation, so that a restored copy cannot write."""

import secrets
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from cohorts import clock
from cohorts.models import AccountEmail, Installation, Seal
from cohorts.models.installation import PresentSeal

RESTORED, OTHER_INSTALLATION = "restored", "other_installation"
BROKEN = "broken"  # a seal that never matches


def ensure_installation(now: datetime) -> Installation:
    """Return the installation row with its seal; the first start creates it from
    INSTALLATION_ID."""
    row = Installation.objects.with_seal().filter(pk=1).first()
    return row or _first_start(now)


@transaction.atomic
def _first_start(now: datetime) -> Installation:
    if not settings.INSTALLATION_ID:
        raise ImproperlyConfigured(
            "INSTALLATION_ID is not set, so Lens cannot mark what it creates."
        )
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
    """Record the database's current ids as the right ones.

    This takes two rows: a row cannot store its own `xmin`, because a row written within a savepoint
    has a different `xmin` than the id of its transaction.
    """
    Seal.objects.update_or_create(pk=1, defaults={"written_at": now})
    Installation.objects.filter(pk=1).update(seal=PresentSeal())


def break_seal() -> bool:
    """Stop all writes until staff answer.  Return False if the installation was never started."""
    return bool(Installation.objects.filter(pk=1).update(seal=BROKEN))


def find_doubt(row: Installation) -> str:
    """Return the code of the reason why this database may be a copy, or ""."""
    if row.is_restored:
        return RESTORED
    return OTHER_INSTALLATION if row.accepted_as != settings.INSTALLATION_ID else ""


def accept_original(row: Installation) -> None:
    """Record staff's answer that this is the original, restored or renamed.  It keeps its id."""
    _accept(row, row.installation_id)


def accept_copy(row: Installation) -> None:
    """Record staff's answer that this is a copy.

    The copy gets its own id to mark what it creates, and it sends nothing.
    """
    fresh = settings.INSTALLATION_ID
    if fresh == row.installation_id:
        fresh = f"{fresh[:30]}-{secrets.token_hex(3)}"
    row.silenced_at = clock.now()
    _forget_warnings()
    _accept(row, fresh)


def _accept(row: Installation, installation_id: str) -> None:
    """Store the answer.  The original may have sent messages that were due before the doubt
    arose."""
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
    """Allow a copy to send.  Messages due before now may have been sent by the original."""
    _forget_warnings()
    silenced = Installation.objects.filter(pk=1, silenced_at__isnull=False)
    return bool(silenced.update(silenced_at=None, quiet_before=now))


def _forget_warnings() -> None:
    """Delete e-mails about accounts that changed in the original, which sends its own."""
    AccountEmail.objects.exclude(kind=AccountEmail.Kind.PASSWORD_RESET).delete()
