"""Absences from meetings of a person's own group, and their reasons.

This app does not know about guest visits. Higher layers register functions in
`settings.MEETING_ABSENCES`: `(meeting_ids, now) -> Mapping[tuple[int, int], str]`, which map
(meeting id, user id) to a sentence for that person that says how to attend after all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """Return the sentences by (meeting id, user id). People not known to be away are left out."""
    absences: dict[tuple[int, int], str] = {}
    for path in settings.MEETING_ABSENCES:
        absences |= import_string(path)(meeting_ids, now)
    return absences
