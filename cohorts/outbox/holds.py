"""Reasons to hold all messages.

While the identity of the installation is in doubt, the original may be sending the same messages; a
copy sends nothing until staff allow it.  Higher layers add reasons: they register functions in
`holds` that return a sentence or "".
"""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db.models import Exists

from cohorts.models import Installation
from cohorts.models.installation import OTHER_INSTALLATION, RESTORED
from cohorts.registries import Registry

DOUBTS = {
    RESTORED: "This database was restored from a backup or copied: confirm first whether this is "
    "a copy.",
    OTHER_INSTALLATION: "This database was created by a different installation: confirm first "
    "whether this is a copy.",
}
SILENCED = "This is a copy, and it sends no messages until staff allow it."


holds: Registry[Callable[[], str]] = Registry("reasons to hold all messages")


def why_held(now: datetime) -> str:
    """Return a sentence that explains why no message may be sent now, or ""."""
    installation = Installation.objects.ensure(now)
    if doubt := installation.doubt:
        return DOUBTS[doubt]
    if installation.silenced_at:
        return SILENCED
    found = (say() for say in holds.values())
    return next((sentence for sentence in found if sentence), "")


def may_send() -> Exists:
    """Return the condition for claiming a message, to be part of the UPDATE that claims it."""
    return Exists(
        Installation.objects.intact().filter(
            accepted_as=settings.INSTALLATION_ID, silenced_at__isnull=True
        )
    )
