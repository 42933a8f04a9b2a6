"""Staff's answers about the identity of this installation: whether its database is a copy."""

import secrets
from datetime import datetime

from django.conf import settings

from cohorts import clock
from cohorts.models import AccountEmail, Installation

BROKEN = "broken"  # a seal that never matches


def break_seal() -> bool:
    """Stop all writes until staff answer.  Return False if the installation was never started."""
    return bool(Installation.objects.filter(pk=1).update(seal=BROKEN))


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
    Installation.objects.seal(now)


def end_silence(now: datetime) -> bool:
    """Allow a copy to send.  Messages due before now may have been sent by the original."""
    _forget_warnings()
    silenced = Installation.objects.filter(pk=1, silenced_at__isnull=False)
    return bool(silenced.update(silenced_at=None, quiet_before=now))


def _forget_warnings() -> None:
    """Delete e-mails about accounts that changed in the original, which sends its own."""
    AccountEmail.objects.exclude(kind=AccountEmail.Kind.PASSWORD_RESET).delete()
