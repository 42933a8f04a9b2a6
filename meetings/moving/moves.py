"""The moves that can be requested. Datetimes are aware, in any zone."""

from dataclasses import dataclass
from datetime import date, datetime

from meetings.rhythm import Slot


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Move one meeting to another time. It keeps its length if `minutes` is None."""

    meeting_id: int
    starts_at: datetime
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one meeting."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Restore a moved or cancelled meeting to its usual time."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class Postpone:
    """Move this meeting and all later ones of the rhythm a week later."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class PutLast:
    """Move this meeting to a week after the last one."""

    meeting_id: int


@dataclass(frozen=True, slots=True)
class Add:
    """Add an extra session, which belongs to no week. `minutes` None means the usual length."""

    group_id: int
    starts_at: datetime
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeSlot:
    """Change the weekly slot from a date on."""

    group_id: int
    from_day: date
    slot: Slot


Move = Reschedule | Cancel | Restore | Postpone | PutLast | Add | ChangeSlot
