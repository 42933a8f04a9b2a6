"""Decide which of a group's series holds which meeting, and when the next one begins. Pure.

The start, zone and rule of a series never change, so another slot begins a new generation. It takes
over from its first start; earlier meetings and their answers stay with the older one:

    generation 1   A----A----A----(A)--(A)--(A)     (A): taken over, so it is cancelled there
    generation 2             B----B----B----B

If coming meetings have no place in any series, it depends on how they differ:

    another weekday, hour or zone             a new generation
    another length of the slot                a new generation (see _is_of_other_length)
    one more week of the same rhythm          an event of its own
    several more weeks of the same rhythm     a new generation: one invitation for all of them

Only moments are compared, never zone names: Google may return another name of the same zone.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendarsync.state import ids
from calendarsync.state.facts import CalendarGroup, SeriesRecord
from calendarsync.state.slots import SeriesSlot
from meetings.rhythm import MeetingFacts, Slot

SEVERAL = 2
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class SeriesSpan:
    """An existing series, and the first start of the one that takes over from it."""

    record: SeriesRecord
    slot: SeriesSlot
    until: datetime | None

    def holds(self, place: datetime) -> bool:
        return place in self.slot.starts() and (self.until is None or place < self.until)

    def is_of_week_taken_over(self, place: datetime) -> bool:
        """Return whether the next series has that week's meeting, possibly some days later."""
        return self.until is not None and place > self.until - WEEK


@dataclass(frozen=True, slots=True)
class Generations:
    """A group's existing series, and whether another one is needed.

    `spans`: newest first. `next_series`: the slot of a new generation that is to be created; until
    it exists, nothing is removed from the others. `mismatched`: staff entered a series that never
    had a place for any meeting of the group.
    """

    spans: tuple[SeriesSpan, ...] = ()
    next_series: SeriesSlot | None = None
    mismatched: bool = False

    def home_of(self, meeting: MeetingFacts) -> SeriesRecord | None:
        """Return the series that holds a meeting."""
        span = _find(self.spans, meeting.rhythm_at)
        return span.record if span else None

    def awaits(self, meeting: MeetingFacts) -> bool:
        """Return whether a meeting belongs to a series that is still to be created."""
        return bool(self.next_series and meeting.rhythm_at in self.next_series.starts())


def read_generations(facts: CalendarGroup, now: datetime) -> Generations:
    spans = tuple(_spans(facts, None))
    if _is_mismatched(facts, spans):
        return Generations(mismatched=True)
    next_series = _find_next_series(facts, spans, now) if spans else None
    if next_series is None:
        return Generations(spans)
    return Generations(tuple(_spans(facts, next_series.starts()[0])), next_series)


def fit(facts: CalendarGroup, meetings: Collection[MeetingFacts]) -> list[MeetingFacts]:
    """Return the meetings that are held at a place in the rhythm of the group's current slot."""
    weekly = facts.weekly
    if weekly is None:
        return []
    return [m for m in meetings if m.rhythm_at and not m.cancelled and weekly.fits(m.rhythm_at)]


def _is_mismatched(facts: CalendarGroup, spans: Collection[SeriesSpan]) -> bool:
    newest = facts.series
    if newest is None or newest.slot is None or is_ours(newest) or not facts.meetings:
        return False
    homes = (_find(spans, meeting.rhythm_at) for meeting in facts.meetings)
    return not any(home and home.record == newest for home in homes)


def _spans(facts: CalendarGroup, until: datetime | None) -> Iterator[SeriesSpan]:
    for record in facts.all_series:
        if record.made and record.slot:
            yield SeriesSpan(record, record.slot, until)
            first = record.slot.starts()[0]
            until = first if until is None else min(first, until)


def _find(spans: Collection[SeriesSpan], place: datetime | None) -> SeriesSpan | None:
    return next((span for span in spans if place and span.holds(place)), None)


def _find_next_series(
    facts: CalendarGroup, spans: tuple[SeriesSpan, ...], now: datetime
) -> SeriesSlot | None:
    newest, weekly = facts.series, facts.weekly
    if not facts.live or weekly is None or newest is None or newest != spans[0].record:
        return None  # also if the newest has no known slot, which is reported
    ahead = [m for m in facts.meetings if m.starts_at > now]
    fitting = [m for m in fit(facts, ahead) if m.rhythm_at and m.rhythm_at > now]
    needing = list(_needing(facts, fitting, spans, weekly))
    if not needing:
        return None
    # A new series takes over from its first start, so it needs places for all meetings after that.
    first = min(needing)
    return SeriesSlot.through([place for place in _places(fitting) if place >= first], weekly)


def _needing(
    facts: CalendarGroup,
    fitting: Collection[MeetingFacts],
    spans: tuple[SeriesSpan, ...],
    weekly: Slot,
) -> Iterator[datetime]:
    """Yield the places for which a new generation is needed."""
    beat = spans[0].slot.weekly()
    alone = {record.meeting_id for record in facts.events if not record.gone}
    unplaced = [m for m in fitting if _find(spans, m.rhythm_at) is None]
    off_beat = [place for place in _places(unplaced) if not beat.fits(place)]
    if off_beat:
        yield from _places(unplaced)
    elif len(remaining := [m for m in unplaced if m.id not in alone]) >= SEVERAL:
        yield from _places(remaining)
    yield from _places(m for m in fitting if _is_of_other_length(m, spans[0], weekly))


def _is_of_other_length(meeting: MeetingFacts, newest: SeriesSpan, weekly: Slot) -> bool:
    """Return whether the slot's length has changed since we made the newest series.

    In a series entered by staff, occurrences get the new length one by one, so that the people on
    it are not invited a second time.
    """
    return (
        is_ours(newest.record)
        and meeting.minutes == weekly.minutes != newest.slot.minutes
        and newest.holds(meeting.rhythm_at or meeting.starts_at)
    )


def _places(meetings: Iterable[MeetingFacts]) -> Iterator[datetime]:
    return (meeting.rhythm_at for meeting in meetings if meeting.rhythm_at)


def is_ours(record: SeriesRecord) -> bool:
    """Return whether we made the series; staff may have entered another one."""
    return ids.read_id(record.event_id) is not None
