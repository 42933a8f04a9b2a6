"""What staff should know about a cohort's dates: holidays and clock changes that fall on meetings.

Only higher layers know the meetings, and register functions that return the notes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Cohort
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class CalendarNotes:
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...]


FindCalendarNotes = Callable[[Cohort, datetime], Iterable[CalendarNotes]]

calendar_notes: Registry[FindCalendarNotes] = Registry("notes on a cohort's dates")


def find_calendar_notes(cohort: Cohort, now: datetime) -> list[CalendarNotes]:
    """Return the notes on meetings that are ahead, without empty ones."""
    found = [note for find in calendar_notes.values() for note in find(cohort, now)]
    return [note for note in found if note.lines]
