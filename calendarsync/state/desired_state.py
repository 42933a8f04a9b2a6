"""The desired state of the calendar, as frozen values that `desired` returns. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.state.facts import (
    CalendarGroup,
    CalendarSnapshot,
    EventRecord,
    Guest,
    SeriesRecord,
)
from calendarsync.state.observed import EventDetails
from calendarsync.state.slots import SeriesSlot

Addresses = frozenset[str]
NOBODY: Addresses = frozenset()


@dataclass(frozen=True, slots=True)
class DesiredOccurrence:
    """An occurrence that should be held or cancelled.

    `original`: its start by the series. `meeting_id` is None if no meeting has this place.
    `elsewhere`: it is cancelled here because a newer series has that week's meeting.
    """

    name: str
    original: datetime
    start: datetime
    minutes: int
    meeting_id: int | None = None
    cancelled: bool = False
    elsewhere: bool = False
    people: Addresses = NOBODY


@dataclass(frozen=True, slots=True)
class DesiredSeries:
    """A series that was made.

    `people` is None if the series' own list is history. `ahead`: it has coming occurrences to keep
    or to cancel. `unwanted`: no meeting was or will be held in it, so it is cancelled as a whole.
    """

    record: SeriesRecord
    people: Addresses | None = None
    occurrences: tuple[DesiredOccurrence, ...] = ()
    ahead: bool = False
    unwanted: bool = False


@dataclass(frozen=True, slots=True)
class DesiredEvent:
    """A single event. `record` is the newest one of this meeting and guest."""

    name: str
    meeting_id: int
    person_id: int | None
    start: datetime
    minutes: int
    people: Addresses
    record: EventRecord | None


@dataclass(frozen=True, slots=True)
class DesiredGroupCalendar:
    """What one group should have in the calendar.

    `series`: those that were made, newest first. `blocking_issue`: the code of the issue why no
    series can be made. Otherwise `make` is the slot of the first one, and `next_series` that of one
    to make beside the existing ones. `mismatched`: the series that staff entered does not match
    this group's slot. `former`: addresses with a recorded end of access; `exempt`: addresses that
    may stay. `unwanted`: single events to cancel.
    """

    facts: CalendarGroup
    details: EventDetails
    blocking_issue: str = ""
    make: SeriesSlot | None = None
    next_series: SeriesSlot | None = None
    mismatched: bool = False
    former: Addresses = NOBODY
    exempt: Addresses = NOBODY
    series: tuple[DesiredSeries, ...] = ()
    events: tuple[DesiredEvent, ...] = ()
    unwanted: tuple[EventRecord, ...] = ()
    visits: tuple[Guest, ...] = ()  # to meetings that are still to come
    next_at: datetime | None = None

    @property
    def people(self) -> Addresses | None:
        """The addresses that should be on the newest series' list."""
        return self.series[0].people if self.series else None

    def explains(self, address: str) -> bool:
        """Return whether this address has a recorded end of access."""
        return not self.facts.live or address in self.former


@dataclass(frozen=True, slots=True)
class DesiredCalendar:
    """The desired state of each group, and the snapshot from which it was computed for `now`.

    `renewed`: by group, what was last computed from facts that a run's own writes have changed. A
    group is viewed several times between two readings of the facts.
    """

    snapshot: CalendarSnapshot
    now: datetime
    groups: Mapping[int, DesiredGroupCalendar] = field(default_factory=dict)
    renewed: dict[int, DesiredGroupCalendar] = field(default_factory=dict, compare=False)

    @property
    def installation(self) -> str:
        return self.snapshot.installation
