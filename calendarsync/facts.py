"""The facts that concern the calendar, as plain frozen values: what `snapshot` brings.  Pure.

Addresses are in lower case everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.slots import Slot, Weekly


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    address: str  # "" when none is known
    refused: bool = False  # Google takes no invitation to this address
    stays: bool = False  # Google puts this address back on a list by itself

    @property
    def can_be_invited(self) -> bool:
        return bool(self.address) and not self.refused


@dataclass(frozen=True, slots=True)
class AddressBook:
    """What Google has made of people's addresses.

    `aliases`: our address by the one under which Google lists the person.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """`rhythm_at`: its place in the weekly rhythm, wherever it was moved to; None outside it."""

    id: int
    number: int | None  # None: an extra session
    starts_at: datetime
    minutes: int
    cancelled: bool
    rhythm_at: datetime | None


@dataclass(frozen=True, slots=True)
class Guest:
    """A visit to a meeting of the group; `expected` from booking until it ends."""

    person: Person
    meeting_id: int
    expected: bool


@dataclass(frozen=True, slots=True)
class Exempt:
    """Somebody who stays on the invitation until a day, for a reason that staff wrote down."""

    person: Person
    until: datetime


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """`made` is False from the intent until an answer came.  `slot` is what it was made with, None
    where the rhythm found outside is none of ours."""

    event_id: str
    generation: int
    made: bool
    slot: Slot | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A single event of ours: for a meeting, or for one guest of it.  `gone`: cancelled by us."""

    event_id: str
    generation: int
    made: bool
    gone: bool
    meeting_id: int
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class GroupFacts:
    id: int
    cohort_id: int
    name: str
    cohort: str
    course: str
    live: bool  # preview or active, in an open cohort
    active: bool
    asked: bool  # a realize request waits
    weekly: Weekly | None
    zone: str
    meetings: tuple[MeetingFacts, ...] = ()
    members: tuple[Person, ...] = ()
    former: tuple[Person, ...] = ()  # people whose membership ended on a date
    guests: tuple[Guest, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    all_series: tuple[SeriesRecord, ...] = ()  # the newest first; not those that are gone
    next_generation: int = 1
    events: tuple[EventRecord, ...] = ()  # the newest of each meeting and guest

    @property
    def series(self) -> SeriesRecord | None:
        """The newest that was made."""
        return next((record for record in self.all_series if record.made), None)

    @property
    def intent(self) -> SeriesRecord | None:
        """One that was to be made when the answer was lost."""
        newest = self.all_series[0] if self.all_series else None
        return newest if newest and not newest.made else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`own_events`: a guest is invited by an event of its own, not on the host's occurrence."""

    installation: str
    site_url: str
    own_events: bool
    groups: Mapping[int, GroupFacts] = field(default_factory=dict)
