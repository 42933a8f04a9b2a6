"""Absences from meetings of a person's own group, and their reasons.

This app does not know about guest visits. Higher layers register functions that map (meeting id,
user id) to a sentence for that person that says how to attend after all.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from cohorts.registries import Registry

FindAbsences = Callable[[Collection[int], datetime], Mapping[tuple[int, int], str]]

absences: Registry[FindAbsences] = Registry("absences from meetings")


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """Return the sentences by (meeting id, user id). People not known to be away are left out."""
    found: dict[tuple[int, int], str] = {}
    for find in absences.values():
        found |= find(meeting_ids, now)
    return found
