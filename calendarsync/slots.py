"""When the occurrences of a series are.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Weekly:
    """A group's slot: weekday (0 is Monday), wall time, IANA zone, minutes."""

    weekday: int
    wall_time: time
    zone: str
    minutes: int

    def fits(self, start: datetime) -> bool:
        """Whether the slot has a start at this moment, in whatever week."""
        day = start.astimezone(ZoneInfo(self.zone)).date()
        wall = datetime.combine(day, self.wall_time, tzinfo=ZoneInfo(self.zone))
        return day.weekday() == self.weekday and wall.astimezone(UTC) == start


@dataclass(frozen=True, slots=True)
class Slot:
    """What a series is made with: `first` is the wall time of its first start in `zone`."""

    first: datetime  # naive
    zone: str
    minutes: int
    count: int

    def starts(self) -> tuple[datetime, ...]:
        """The original starts of all occurrences, in UTC."""
        return _starts(self)

    def weekly(self) -> Weekly:
        return Weekly(self.first.weekday(), self.first.time(), self.zone, self.minutes)

    def same_times(self, other: Slot) -> bool:
        """Whether both mean the same moments.  A zone may be known by two names."""
        return self.minutes == other.minutes and self.starts() == other.starts()

    @classmethod
    def through(cls, starts: Iterable[datetime], weekly: Weekly) -> Slot:
        """The shortest weekly series that has all these starts, which the slot must fit."""
        days = sorted(start.astimezone(ZoneInfo(weekly.zone)).date() for start in starts)
        first = datetime.combine(days[0], weekly.wall_time)
        weeks = (days[-1] - days[0]).days // 7
        return cls(first, weekly.zone, weekly.minutes, weeks + 1)


@lru_cache(maxsize=4096)
def _starts(slot: Slot) -> tuple[datetime, ...]:
    zone = ZoneInfo(slot.zone)
    walls = (slot.first + timedelta(weeks=week) for week in range(slot.count))
    return tuple(wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls)
