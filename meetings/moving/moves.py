"""What can be asked for.  Moments are aware, in any zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from meetings.rhythm import Slot


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Hold one meeting at another time; it keeps its length when no minutes are given."""

    meeting_id: int
    starts_at: datetime
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Do not hold one meeting."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Hold a moved or cancelled meeting at its usual time after all."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class Postpone:
    """Hold this meeting and all later ones of the rhythm a week later."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class PutLast:
    """Hold this meeting a week after the last one."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class Add:
    """Hold an extra session, of no week; as long as usual when no minutes are given."""

    group_id: int
    starts_at: datetime
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeSlot:
    """Meet in another weekly slot from a day on."""

    group_id: int
    from_day: date
    slot: Slot


OfMeeting = Reschedule | Cancel | Restore | Postpone | PutLast
Move = OfMeeting | Add | ChangeSlot
