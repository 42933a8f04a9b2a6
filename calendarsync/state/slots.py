"""Calculate when the occurrences of a series take place. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from meetings.rhythm import Slot

Moment = TypeVar("Moment", datetime, time)


def whole_second(moment: Moment) -> Moment:
    """Return a moment or a time of day as Google keeps it, without the fraction of a second.

    Rows that older versions of Lens stored may have one. They would never be in sync.
    """
    return moment.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class SeriesSlot:
    """The times of a series. `first` is the wall time of its first start in `zone`."""

    first: datetime  # naive
    zone: str
    minutes: int
    count: int

    def starts(self) -> tuple[datetime, ...]:
        """Return the original starts of all occurrences, in UTC."""
        return _starts(self)

    def is_bent(self) -> bool:
        """Return whether clocks change during the first occurrence, or skip its start.

        Its start and end then do not define the times of the other weeks.
        """
        start = _moment(self.first, self.zone)
        ends = start + timedelta(minutes=self.minutes)
        shown = _shown(start, self.zone), _shown(ends, self.zone)
        return shown != (self.first, self.first + timedelta(minutes=self.minutes))

    def weekly(self) -> Slot:
        return Slot(self.first.weekday(), self.first.time(), self.zone, self.minutes)

    def same_times(self, other: SeriesSlot) -> bool:
        """Return whether both have the same moments. A zone may have two names."""
        return self.minutes == other.minutes and self.starts() == other.starts()

    @classmethod
    def through(cls, starts: Iterable[datetime], weekly: Slot) -> SeriesSlot:
        """Return the shortest weekly series that has all these starts, which the slot must fit."""
        days = sorted(day for start in starts if (day := weekly.day_of(start)))
        first = datetime.combine(days[0], weekly.start_time)
        weeks = (days[-1] - days[0]).days // 7
        return cls(first, weekly.zone, weekly.minutes, weeks + 1)


@lru_cache(maxsize=4096)
def _starts(slot: SeriesSlot) -> tuple[datetime, ...]:
    walls = (slot.first + timedelta(weeks=week) for week in range(slot.count))
    return tuple(_moment(wall, slot.zone) for wall in walls)


def _moment(wall: datetime, zone: str) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _shown(moment: datetime, zone: str) -> datetime:
    """Return the wall time in the zone, without the zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
