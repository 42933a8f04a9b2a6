"""Why nothing may be sent at all just now.

While it is in question whose installation this is, the original may be sending the same; and a copy
sends nothing until staff allow it.  Upper floors add their own reasons by settings.MESSAGE_HOLDS:
functions that return a sentence or "".
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Exists
from django.utils.module_loading import import_string

from cohorts.models import Installation
from cohorts.services.installation import (
    OTHER_INSTALLATION,
    RESTORED,
    ensure_installation,
    find_doubt,
)

DOUBTS = {
    RESTORED: "This database was restored from a backup or copied: say first whether this is a "
    "copy.",
    OTHER_INSTALLATION: "Another installation made this database: say first whether this is a "
    "copy.",
}
SILENCED = "This is a copy, and it sends nothing until staff allow it."


def why_held(now: datetime) -> str:
    """A sentence that says why no message may be sent now, else ""."""
    installation = ensure_installation(now)
    if doubt := find_doubt(installation):
        return DOUBTS[doubt]
    if installation.silenced_at:
        return SILENCED
    found = (import_string(path)() for path in settings.MESSAGE_HOLDS)
    return next((sentence for sentence in found if sentence), "")


def may_send() -> Exists:
    """The condition under which a message may be claimed, for the statement that claims it."""
    return Exists(
        Installation.objects.intact().filter(
            accepted_as=settings.INSTALLATION_ID, silenced_at__isnull=True
        )
    )
