"""When a group meets: the weekly rhythm of a slot, as instants.  Pure.

A slot is wall time in a zone, so an hour that a clock change adds or takes moves nobody's local
time.  Twice a year the wall clock is no help, and RFC 5545, which Google Calendar follows, decides:

    02:30 shows twice (clocks go back)         the first of the two
    02:30 is skipped  (clocks go forward)      02:30 by the offset before: the clock shows 03:30

Both are what `fold=0` means to zoneinfo.

Weeks are counted from the cohort's start date, seven days each, whatever their weekday:

    a week that was skipped     no meeting; every later number moves on by a week
    a slot that was changed     the new slot from the first week on in which neither its day nor the
                                earlier slot's is before the change; the earlier slot until then
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice

from cohorts.zones import find_zone

DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """Weekday (0 is Monday), wall time, IANA zone, minutes."""

    weekday: int
    start_time: time
    zone: str
    minutes: int


@dataclass(frozen=True, slots=True)
class SlotUntil:
    """A slot that held before the day `until`."""

    until: date
    slot: Slot


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the rhythm: when a meeting begins there, in UTC, and by which slot.

    `week` is the first day of its week, as the cohort counts them.
    """

    week: date
    starts_at: datetime
    slot: Slot

    @property
    def minutes(self) -> int:
        return self.slot.minutes


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the weekly places of a group follow from.  Without a slot there are none.

    `earlier`: the slots before this one, the earliest first.  `skipped`: a day of each week in
    which there is no meeting.
    """

    start_date: date
    count: int
    slot: Slot | None
    earlier: tuple[SlotUntil, ...] = ()
    skipped: frozenset[date] = frozenset()

    def numbered(self) -> dict[int, Place]:
        """The place of each meeting's number."""
        return dict(enumerate(islice(self.places(), self.count), start=1))

    def places(self) -> Iterator[Place]:
        """Week after week without end."""
        if self.slot is None:
            return
        for week in count():
            begins = self.start_date + timedelta(weeks=week)
            if not self._is_skipped(begins):
                slot = self._slot_in(week, self.slot)
                start = instant(self._day(week, slot), slot.start_time, slot.zone)
                yield Place(begins, start, slot)

    def _is_skipped(self, begins: date) -> bool:
        return any(timedelta(0) <= day - begins < timedelta(weeks=1) for day in self.skipped)

    def _slot_in(self, week: int, slot: Slot) -> Slot:
        for earlier in reversed(self.earlier):
            if min(self._day(week, slot), self._day(week, earlier.slot)) >= earlier.until:
                break
            slot = earlier.slot
        return slot

    def _day(self, week: int, slot: Slot) -> date:
        return first_day(self.start_date, slot.weekday) + timedelta(weeks=week)


def first_day(start_date: date, weekday: int) -> date:
    """The first such weekday (0 is Monday) on or after the start date."""
    return start_date + timedelta(days=(weekday - start_date.weekday()) % DAYS_OF_WEEK)


def instant(day: date, wall_time: time, zone: str) -> datetime:
    """The moment, in UTC, at which clocks of this IANA zone show this day and time."""
    local = datetime.combine(day, wall_time.replace(fold=0), tzinfo=find_zone(zone))
    return local.astimezone(UTC)


def later_by_weeks(moment: datetime, weeks: int, zone: str) -> datetime:
    """The moment so many weeks later at which clocks of this zone show the same time, in UTC."""
    local = moment.astimezone(find_zone(zone))
    return instant(local.date() + timedelta(weeks=weeks), local.time(), zone)
