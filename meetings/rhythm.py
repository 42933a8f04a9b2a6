"""The weekly rhythm of a group: its slot, computed as moments in UTC. Pure.

A slot is wall time in a zone, so people's local time does not change with daylight saving. Twice a
year wall time is ambiguous or missing; RFC 5545, which Google Calendar follows, then applies:

    02:30 shows twice (clocks go back)         the first of the two
    02:30 is skipped  (clocks go forward)      02:30 at the earlier offset: the clock shows 03:30

Both are the meaning of `fold=0` in zoneinfo.

Weeks are counted from the cohort's start date, seven days each, on whichever weekday it falls:

    a skipped week              no meeting; all later meetings are a week later
    a changed slot              the new slot from the first week on in which neither its day nor the
                                earlier slot's is before the change; the earlier slot until then
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice

from cohorts.zones import find_zone, zone_names

DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """A weekly slot: weekday (0 is Monday), wall time, IANA zone, minutes."""

    weekday: int
    start_time: time
    zone: str
    minutes: int

    def fits(self, start: datetime) -> bool:
        """Return whether the slot has a start at this moment, in any week."""
        return self.day_of(start) is not None

    def day_of(self, start: datetime) -> date | None:
        """Return the day on which the slot has a start at this moment, or None if it has none.

        If the clocks skip the slot's time late in the evening, the start is shown early on the next
        day.
        """
        shown = start.astimezone(find_zone(self.zone)).date()
        for day in (shown, shown - timedelta(days=1)):
            if day.weekday() == self.weekday and instant(day, self.start_time, self.zone) == start:
                return day
        return None


@dataclass(frozen=True, slots=True)
class SlotUntil:
    """A slot that applied until the day before `until`."""

    until: date
    slot: Slot


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days without meetings, both included, on the clock of each group. Meetings that
    would be written there are cancelled (`drop`), or their week is skipped."""

    first: date
    last: date
    drop: bool = False

    def holds(self, moment: datetime, zone: str) -> bool:
        return self.first <= moment.astimezone(find_zone(zone)).date() <= self.last


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the rhythm: the start of a meeting, in UTC, and the slot it follows.

    `week` is the first day of its week, counted from the cohort's start date.
    """

    week: date
    starts_at: datetime
    slot: Slot

    @property
    def minutes(self) -> int:
        return self.slot.minutes

    @property
    def is_known(self) -> bool:
        """Whether the slot's time zone exists. If plain SQL broke it, `starts_at` is a guess."""
        return self.slot.zone in zone_names()

    def is_in(self, days: Days) -> bool:
        return days.holds(self.starts_at, self.slot.zone)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The data that a group's weekly places are computed from. Without a slot there are no places.

    `earlier`: the previous slots, oldest first. `skipped`: a day of each week without a meeting.
    `breaks`: the cohort's breaks, which skip or drop only what would be written anew: a break has
    changed the meetings that existed then, and staff may have changed them since.
    """

    start_date: date
    count: int
    slot: Slot | None
    earlier: tuple[SlotUntil, ...] = ()
    skipped: frozenset[date] = frozenset()
    breaks: tuple[Days, ...] = ()

    def numbered(self) -> dict[int, Place]:
        """Return the places by meeting number."""
        return dict(enumerate(islice(self.places(), self.count), start=1))

    def places(self) -> Iterator[Place]:
        """Yield the places week by week, without end."""
        if self.slot is None:
            return
        for week in count():
            if not self._is_skipped(self.start_date + timedelta(weeks=week)):
                yield self._place_in(week, self.slot)

    def place_of_week(self, day: date) -> Place | None:
        """Return the place of the week that contains this day, also if it is skipped."""
        weeks = (day - self.start_date).days // DAYS_OF_WEEK
        return self._place_in(weeks, self.slot) if self.slot and weeks >= 0 else None

    def skips(self, place: Place) -> bool:
        """Return whether a break skips the week of a place at which a meeting would be written."""
        return any(place.is_in(days) for days in self.breaks if not days.drop)

    def drops(self, place: Place) -> bool:
        """Return whether a break drops a meeting that would be written at this place."""
        return any(place.is_in(days) for days in self.breaks if days.drop)

    def skipping_all(self) -> Rhythm:
        """Return the rhythm whose breaks all skip: meetings that are pushed back are not lost."""
        return replace(self, breaks=tuple(replace(days, drop=False) for days in self.breaks))

    def _place_in(self, week: int, slot: Slot) -> Place:
        slot = self._slot_in(week, slot)
        start = instant(self._day(week, slot), slot.start_time, slot.zone)
        return Place(self.start_date + timedelta(weeks=week), start, slot)

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


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """A meeting, as providers read it.

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


def first_day(start_date: date, weekday: int) -> date:
    """Return the first such weekday (0 is Monday) on or after the start date."""
    return start_date + timedelta(days=(weekday - start_date.weekday()) % DAYS_OF_WEEK)


def instant(day: date, wall_time: time, zone: str) -> datetime:
    """Return the moment, in UTC, at which clocks in this IANA zone show this day and time."""
    local = datetime.combine(day, wall_time.replace(fold=0), tzinfo=find_zone(zone))
    return local.astimezone(UTC)


def later_by_weeks(moment: datetime, weeks: int, zone: str) -> datetime:
    """Return the moment that many weeks later, in UTC, with the same wall time in this zone."""
    local = moment.astimezone(find_zone(zone))
    return instant(local.date() + timedelta(weeks=weeks), local.time(), zone)


def name_meeting(number: int | None) -> str:
    """Return a meeting's name within a sentence: "week 3", or "an extra session"."""
    return f"week {number}" if number else "an extra session"


def name_anchor(meeting_id: int, number: int | None) -> str:
    """Return the HTML id of a meeting on its group's page."""
    return f"week-{number}" if number else f"extra-{meeting_id}"
