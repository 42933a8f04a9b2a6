"""Why nothing may be sent at all just now.

While it is not settled whose installation this is, the original may be sending the same.  Upper
floors add their own reasons by settings.MESSAGE_HOLDS: functions that return a sentence or "".
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from cohorts.services.installation import ensure_installation, is_another


def why_held(now: datetime) -> str:
    """A sentence that says why no message may be sent now, else ""."""
    if is_another(ensure_installation(now)):
        return "Another installation made this database: say first whether this is a copy."
    found = (import_string(path)() for path in settings.MESSAGE_HOLDS)
    return next((sentence for sentence in found if sentence), "")
