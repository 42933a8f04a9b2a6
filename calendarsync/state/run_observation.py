"""What a run has observed itself, beside the copies in its snapshot. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from calendarsync.state.observed import ObservedCalendar, ObservedEvent, WriteResult

Events = Mapping[str, ObservedEvent]  # by id


@dataclass(frozen=True, slots=True)
class StoredReading:
    """What storing a reading has changed: events by group and id, and ids that are not listed."""

    events: Mapping[int, Events] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RunObservation:
    """What a run has written and read since the copies in its snapshot were stored.

    `events`: by group, newer than the copies. `gone`: ids of copies that no longer count.
    `written`: series that we wrote since the last reading, with their groups; `unread`: those of
    them that had an exception among `events`. `touched`: the groups that the last outcome concerns,
    None for all. The others: see `ObservedCalendar` and `WriteResult`.
    """

    events: Mapping[int, Events] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    written: Mapping[str, int] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    touched: frozenset[int] | None = None

    def of_group(self, group_id: int, copies: Events) -> ObservedCalendar:
        """Return a group's events: those observed in this run, else its copies."""
        own = self.events.get(group_id, {})
        events = {pk: event for pk, event in {**copies, **own}.items() if pk not in self.gone}
        if self.aliases:
            events = {pk: event.with_aliases(self.aliases) for pk, event in events.items()}
        written = frozenset(pk for pk in own if pk in self.written)
        unread = written & (self.unread | {event.series_id for event in copies.values()})
        return ObservedCalendar(events, unread, self.refused, self.stays)

    def with_written(self, group_id: int, event: ObservedEvent) -> RunObservation:
        """Add an event that we wrote."""
        own = self.events.get(group_id, {})
        has_exceptions = any(one.series_id == event.id for one in own.values())
        return replace(
            self,
            events={**self.events, group_id: {**own, event.id: event}},
            gone=self.gone - {event.id},
            written={**self.written, event.id: group_id},
            unread=self.unread | ({event.id} if has_exceptions else set()),
            touched=frozenset({group_id}),
        )

    def with_result(self, group_id: int, result: WriteResult) -> RunObservation:
        """Add an event that we wrote, and what the response has shown about addresses."""
        found = self.with_written(group_id, result.event)
        if not (result.refused or result.stays or result.aliases):
            return found
        return replace(
            found,
            refused=self.refused | result.refused,
            stays=self.stays | result.stays,
            aliases={**self.aliases, **result.aliases},
            touched=None,
        )

    def with_reading(self, reading: StoredReading) -> RunObservation:
        changed = {pk: {**self.events.get(pk, {}), **new} for pk, new in reading.events.items()}
        return replace(
            self,
            events={**self.events, **changed},
            gone=self.gone.union(reading.gone).difference(*reading.events.values()),
            written={},
            unread=frozenset(),
            touched=None if reading.gone else frozenset({*changed, *self.written.values()}),
        )
