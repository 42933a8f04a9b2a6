"""Decide which moment dates an answer in Google. Pure.

An event's `updated` is when anyone last changed it or another member of its family: a series, its
exceptions and the parts that were split off have one `updated`. So it dates an answer only if that
answer is all that has changed in the family:

    changed since the previous listing        the answer is dated
    ----------------------------------------  ------------------------------------------------------
    the answer, and its copies on exceptions  by `updated`
    anything else with the same `updated`     by the previous listing: only that it is later is sure
    the answer, and `updated` is missing      by the previous listing
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.rsvp.merge import read_response
from calendarsync.state import ids
from calendarsync.state.observed import ObservedEvent, occurrence_of


@dataclass(frozen=True, slots=True)
class EventChange:
    """A person's entry that changed; without an address, anything else in the event."""

    event_id: str
    is_series: bool
    written_at: datetime | None
    address: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class CalendarChanges:
    """What changed in each family since the previous listing, which began at `since`."""

    families: Mapping[str, tuple[EventChange, ...]] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def rewritten(self) -> frozenset[str]:
        """Ids of events that their organizer wrote: more than people's answers changed."""
        every = (change for changes in self.families.values() for change in changes)
        return frozenset(change.event_id for change in every if not change.address)

    def date(self, event: ObservedEvent, address: str) -> datetime | None:
        """Return the moment that dates a person's answer on an event."""
        changes = self.families.get(ids.base_of(event.id), ())
        others = set(changes) - set(_same_act(changes, event.id, address))
        if event.written_at and all(one.written_at != event.written_at for one in others):
            return event.written_at
        return min(filter(None, (self.since, event.written_at)), default=None)


def _same_act(changes: Iterable[EventChange], event_id: str, address: str) -> Iterator[EventChange]:
    """Yield what one answer changed: Google may copy an answer to a series to its exceptions."""
    mine = [change for change in changes if change.address == address]
    on_series = [change for change in mine if change.is_series]
    on_event = [change for change in mine if change.event_id == event_id] or on_series
    said = {change.answer for change in on_event}
    yield from on_event
    yield from (change for change in mine if on_series and change.answer in said)


def find_changes(
    events: Iterable[ObservedEvent],
    known: Mapping[str, ObservedEvent],
    since: datetime | None,
) -> CalendarChanges:
    """Compare events that were just read with their copies of the previous listing."""
    found: dict[str, list[EventChange]] = defaultdict(list)
    for event in events:
        found[ids.base_of(event.id)] += _compare(_copy_of(event, known), event)
    return CalendarChanges({family: tuple(changes) for family, changes in found.items()}, since)


def _copy_of(event: ObservedEvent, known: Mapping[str, ObservedEvent]) -> ObservedEvent | None:
    """Return the event as it was; a new exception was an occurrence like its series."""
    series = known.get(event.series_id or "")
    if event.id not in known and series and event.original:
        return occurrence_of(series, event.original)
    return known.get(event.id)


def _compare(before: ObservedEvent | None, after: ObservedEvent) -> Iterator[EventChange]:
    about = (after.id, after.series_id is None, after.written_at)
    if is_rewritten(before, after):
        yield EventChange(*about)
    entries = {one.address: one for one in before.attendees} if before else {}
    for one in after.attendees:
        if entries.get(one.address) != one:
            yield EventChange(*about, one.address, read_response(one.answer))


def is_rewritten(before: ObservedEvent | None, after: ObservedEvent) -> bool:
    """Return whether more than people's answers changed; then its organizer wrote the event."""
    if before is None:
        return True
    return (before.details, before.slot, before.start, before.end, before.people) != (
        after.details,
        after.slot,
        after.start,
        after.end,
        after.people,
    )
