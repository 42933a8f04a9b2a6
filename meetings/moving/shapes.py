"""What passes between the parts of moving: facts in, a decision out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohorts.models import Group
from meetings.models import Meeting
from meetings.naming import name_meeting
from meetings.rhythm import Rhythm


@dataclass(frozen=True, slots=True)
class Facts:
    """A group with its cohort, its rhythm and all its rows.  They are not changed.

    `attended`: ids of the meetings at which anybody was, a guest as well.
    """

    group: Group
    rhythm: Rhythm
    rows: Sequence[Meeting]
    attended: Collection[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Span:
    """From when, in UTC, and for how many minutes."""

    starts_at: datetime
    minutes: int

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    def overlaps(self, other: Span) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one meeting.  None: it is not held.  A new one has no id yet."""

    meeting_id: int | None
    number: int | None  # None: an extra session
    before: Span | None
    after: Span | None

    @property
    def label(self) -> str:
        return name_meeting(self.number)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a move comes to.

    `rows` are what is to be saved, new ones without an id; `rhythm` is the group's from then on.
    `notes` are sentences about what a person might not expect.
    """

    kind: str  # a value of MeetingMove.Kind
    rows: tuple[Meeting, ...]
    rhythm: Rhythm
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def span_of(row: Meeting | None) -> Span | None:
    """When a meeting is held; None when it is not."""
    if row is None or row.is_cancelled:
        return None
    return Span(row.starts_at, row.duration_minutes)
