"""When a meeting is held.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from meetings.models import Meeting


@dataclass(frozen=True, slots=True)
class MeetingTime:
    """A start, in UTC, and a length in minutes."""

    starts_at: datetime
    minutes: int

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    def overlaps(self, other: MeetingTime) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def span_of(row: Meeting | None) -> MeetingTime | None:
    """Return when a meeting is held; None if it is not."""
    if row is None or row.is_cancelled:
        return None
    return MeetingTime(row.starts_at, row.duration_minutes)
