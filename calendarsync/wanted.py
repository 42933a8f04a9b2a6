"""What is wanted of the calendar, as plain frozen values: what `desired` brings.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.facts import EventRecord, GroupFacts, Guest, SeriesRecord, Snapshot
from calendarsync.observed import Face
from calendarsync.slots import Slot

Addresses = frozenset[str]
NOBODY: Addresses = frozenset()


@dataclass(frozen=True, slots=True)
class WantedOccurrence:
    """`original`: where the series puts it.  `meeting_id` is None where it puts it for nobody.

    `elsewhere`: it is cancelled here, and a newer series has that week's meeting.
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
class WantedSeries:
    """`people` is None when the series' own list is history.  `ahead`: something of it is to be
    kept or to be taken away.  `unwanted`: nothing of it was ever held or will be, so that it goes
    as a whole."""

    record: SeriesRecord
    people: Addresses | None = None
    occurrences: tuple[WantedOccurrence, ...] = ()
    ahead: bool = False
    unwanted: bool = False


@dataclass(frozen=True, slots=True)
class WantedEvent:
    """A single event.  `record` is the newest one of this meeting and guest."""

    name: str
    meeting_id: int
    person_id: int | None
    start: datetime
    minutes: int
    people: Addresses
    record: EventRecord | None


@dataclass(frozen=True, slots=True)
class WantedGroup:
    """`series`: those that were made, the newest first.

    `obstacle`: a trouble's code, why no series can be made; else `make` is what the first is made
    with, and `further` what is made beside those that stand.
    `strange`: the series that staff pointed at is not one of this group's slot.
    `former`: addresses that a dated fact takes off the lists; `exempt`: those that may stay.
    `unwanted`: single events to take away.
    """

    facts: GroupFacts
    face: Face
    obstacle: str = ""
    make: Slot | None = None
    further: Slot | None = None
    strange: bool = False
    former: Addresses = NOBODY
    exempt: Addresses = NOBODY
    series: tuple[WantedSeries, ...] = ()
    events: tuple[WantedEvent, ...] = ()
    unwanted: tuple[EventRecord, ...] = ()
    visits: tuple[Guest, ...] = ()  # to meetings that are still to come
    next_at: datetime | None = None

    @property
    def people(self) -> Addresses | None:
        """Who should be on the newest series' list."""
        return self.series[0].people if self.series else None

    def explains(self, address: str) -> bool:
        """Whether a dated fact says that this address has no access any more."""
        return not self.facts.live or address in self.former


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted of each group, and the facts from which that followed at `now`."""

    snapshot: Snapshot
    now: datetime
    groups: Mapping[int, WantedGroup] = field(default_factory=dict)

    @property
    def installation(self) -> str:
        return self.snapshot.installation
