"""A group and its calendar on paper, for the pure modules: values that no database holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from calendarsync.state import ids
from calendarsync.state.facts import CalendarGroup, EventRecord, SeriesRecord
from calendarsync.state.slots import SeriesSlot
from meetings.rhythm import MeetingFacts, Slot

WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)
FIRST = datetime(2027, 1, 13, 15, tzinfo=UTC)  # a Wednesday
NOW = FIRST - HOUR
WEDNESDAYS = Slot(2, time(15), "UTC", 60)
FRIDAYS = Slot(4, time(15), "UTC", 60)
FRIDAY = FIRST + timedelta(days=2)


def series(month: int, day: int, count: int, *, minutes: int = 60) -> SeriesSlot:
    first = datetime.combine(date(2027, month, day), time(15))
    return SeriesSlot(first, "UTC", minutes, count)


FOUR = series(1, 13, 4)


def record(
    generation: int = 1, slot: SeriesSlot | None = FOUR, *, made: bool = True
) -> SeriesRecord:
    return SeriesRecord(ids.make_id(ids.Mark("tests", 7, generation)), generation, made, slot)


def foreign(slot: SeriesSlot | None = FOUR) -> SeriesRecord:
    return SeriesRecord("entered by staff", 1, True, slot)


def weekly(
    first: datetime, count: int, *, number: int = 1, minutes: int = 60
) -> list[MeetingFacts]:
    starts = [first + week * WEEK for week in range(count)]
    return [
        MeetingFacts(n, n, start, minutes, False, start) for n, start in enumerate(starts, number)
    ]


def group(
    meetings: Iterable[MeetingFacts],
    *records: SeriesRecord,
    slot: Slot | None = WEDNESDAYS,
    live: bool = True,
    events: Iterable[EventRecord] = (),
    **more: Any,
) -> CalendarGroup:
    return CalendarGroup(
        id=7,
        cohort_id=1,
        name="Alpha",
        cohort="Winter",
        course="Course",
        live=live,
        set_up=True,
        asked=True,
        weekly=slot,
        zone="UTC",
        meetings=tuple(meetings),
        all_series=records,
        events=tuple(events),
        **more,
    )
