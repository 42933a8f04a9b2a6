"""Recognize the later part of a series that someone split off in Google Calendar. Pure.

"This and all following events" with another time cuts our series and makes another one, whose id
and iCalUID have nothing in common with ours. Whether it keeps our mark is unknown. With the mark,
that says which series it continues. Without it, the part is recognized by what it replaces:

    our series        its rule ends before the last occurrence that it was made with
    the other event   begins within two weeks after the last one left; it has our title and invites
                      someone who is invited to ours, or it invites everyone who is

Once recognized, an event stays so until it is deleted. Lens reports it, and never writes it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calendarsync.state import ids
from calendarsync.state.observed import Body, ObservedEvent, read_event

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


@dataclass(frozen=True, slots=True)
class KnownParts:
    """What a later part is recognized by.

    `continued`: series ids by the ids of parts that were recognized before. `by_mark`: ids of
    recorded series.
    """

    installation: str
    continued: Mapping[str, str] = field(default_factory=dict)
    by_mark: Mapping[ids.Mark, str] = field(default_factory=dict)
    cut: Collection[CutSeries] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


def find_later_parts(bodies: Iterable[Body], known: KnownParts) -> dict[str, str]:
    """Return the ids of later parts among events that are not ours, with those of the series."""
    found = {}
    for body in filter(is_whole, bodies):
        continued = known.continued.get(body["id"]) or _by_mark(body, known)
        if series_id := continued or _by_place(body, known):
            found[body["id"]] = series_id
    return found


def is_whole(body: Body) -> bool:
    return body["id"] == ids.base_of(body["id"]) and not body.get("recurringEventId")


def find_cut(series: Iterable[ObservedEvent], ends: Mapping[str, datetime]) -> Iterator[CutSeries]:
    """Yield the series that have lost their end. `ends`: the last start that each was made with."""
    for event in series:
        if event.slot and not event.is_cancelled and event.id in ends:
            last = event.slot.starts()[-1]
            if last < ends[event.id]:
                yield CutSeries(event, last)


def _by_mark(body: Body, known: KnownParts) -> str:
    mark = read_mark(body, known.installation)
    return known.by_mark.get(mark) or ids.make_id(mark) if mark else ""


def read_mark(body: Body, installation: str) -> ids.Mark | None:
    """Return the mark of one of our series in an event's private properties."""
    properties = (body.get("extendedProperties") or {}).get("private") or {}
    mark = ids.from_properties(properties)
    is_ours = mark is not None and mark.installation == installation and mark.meeting_id is None
    return mark if is_ours else None


def _by_place(body: Body, known: KnownParts) -> str:
    if not known.cut or body.get("status") == "cancelled":
        return ""
    event = read_event(body, known.aliases)
    return next((one.event.id for one in known.cut if one.is_continued_by(event)), "")
