"""What providers need of a meeting.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """A meeting.

    `rhythm_at`: its place in the weekly rhythm, even if it was moved; None outside it.
    """

    id: int
    number: int | None  # None: an extra session
    starts_at: datetime
    minutes: int
    cancelled: bool
    rhythm_at: datetime | None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)
