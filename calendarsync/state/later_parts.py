"""Recognize the later part of a series that someone split off in Google Calendar. Pure.

"This and all following events" with another time cuts our series and makes another one, whose id
and iCalUID have nothing in common with ours. Whether it keeps our mark is unknown. With the mark,
that says which series it continues. Without it, the part is recognized by what it replaces:

    our series        its rule ends before the last occurrence that it was made with
    the other event   begins within two weeks after the last one left; it has our title and invites
                      someone who is invited to ours, or it invites everyone who is

Once recognized, an event stays so until it is deleted. Lens reports it, and never writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from calendarsync.state import ids
from calendarsync.state.observed import Body, ObservedEvent, StoredState

WITHIN = timedelta(weeks=2)


@dataclass(frozen=True, slots=True)
class CutSeries:
    """One of our series, and the start of the last occurrence that it still has."""

    event: ObservedEvent
    last: datetime

    def is_continued_by(self, other: ObservedEvent) -> bool:
        guests = self.event.people - self.event.belonging
        if not other.start or not self.last < other.start <= self.last + WITHIN:
            return False
        is_named_so = other.details.summary == self.event.details.summary
        has_guests = bool(guests & other.people) or not guests
        return (is_named_so and has_guests) or bool(guests and guests <= other.people)


def find_later_parts(
    bodies: Iterable[Body],
    ours: Iterable[ObservedEvent],
    stored: StoredState,
    read: Callable[[Body], ObservedEvent],
) -> Iterator[ObservedEvent]:
    """Yield the later parts among events that are not ours. `ours` were listed with them."""
    known = {**stored.events, **{event.id: event for event in ours}}
    recorded = [event for event in known.values() if event.id in stored.recorded]
    by_mark = {event.details.mark: event.id for event in recorded if event.details.mark}
    cut = list(_find_cut(recorded, stored.ends))
    for body in bodies:
        if body["id"] != ids.base_of(body["id"]) or body.get("recurringEventId"):
            continue
        mark = _read_mark(body, stored.installation)
        before = stored.events.get(body["id"])
        if before and before.continues:
            yield replace(read(body), continues=before.continues)
        elif mark:
            series_id = by_mark.get(mark) or ids.make_id(mark)
            yield replace(read(body), continues=series_id)
        elif cut and body.get("status") != "cancelled":
            yield from _by_place(read(body), cut)


def _find_cut(
    recorded: Iterable[ObservedEvent], ends: Mapping[str, datetime]
) -> Iterator[CutSeries]:
    for event in recorded:
        if event.slot and not event.is_cancelled and event.id in ends:
            last = event.slot.starts()[-1]
            if last < ends[event.id]:
                yield CutSeries(event, last)


def _read_mark(body: Body, installation: str) -> ids.Mark | None:
    """Return the mark of one of our series in an event's private properties."""
    properties = (body.get("extendedProperties") or {}).get("private") or {}
    mark = ids.from_properties(properties)
    is_ours = mark is not None and mark.installation == installation and mark.meeting_id is None
    return mark if is_ours else None


def _by_place(event: ObservedEvent, cut: Iterable[CutSeries]) -> Iterator[ObservedEvent]:
    replaced = next((one.event.id for one in cut if one.is_continued_by(event)), "")
    if replaced:
        yield replace(event, continues=replaced)
