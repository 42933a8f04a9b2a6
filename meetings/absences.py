"""Why somebody is away from a meeting of the own group.  It is known on higher floors only.

settings.MEETING_ABSENCES names functions `(meeting_ids, now) -> Mapping[tuple[int, int], str]`: by
meeting and person a sentence for that person, which says what to do to come after all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """By (meeting, person); whoever is not known to be away is left out."""
    absences: dict[tuple[int, int], str] = {}
    for path in settings.MEETING_ABSENCES:
        absences |= import_string(path)(meeting_ids, now)
    return absences
