"""The data from which the calendar's desired state follows, as frozen values. Pure.

`snapshot` reads it from the database. Addresses are always in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.state.observed import ObservedEvent
from calendarsync.state.slots import SeriesSlot
from meetings.rhythm import MeetingFacts, Slot


@dataclass(frozen=True, slots=True)
class CalendarPerson:
    id: int
    name: str
    address: str  # "" when none is known
    refused: bool = False  # Google accepts no invitation to this address
    stays: bool = False  # Google puts this address back on a list after it is removed

    @property
    def can_be_invited(self) -> bool:
        return bool(self.address) and not self.refused


@dataclass(frozen=True, slots=True)
class AddressBook:
    """What Google's responses have shown about people's addresses.

    `aliases`: our address by the one under which Google lists the person.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guest:
    """A visitor or substitute at one meeting of the group. `expected` is True from the booking, or
    from the yes, until that ends."""

    person: CalendarPerson
    meeting_id: int
    expected: bool


@dataclass(frozen=True, slots=True)
class Exempt:
    """A person who stays on the invitation until a date, for a reason that staff recorded."""

    person: CalendarPerson
    until: datetime


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """A series that the database knows.

    `made` is False until a response shows that the series exists. `slot` is what it was made with;
    None if the observed rhythm is not one that we make.
    """

    event_id: str
    generation: int
    made: bool
    slot: SeriesSlot | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A single event of ours, for a meeting or for one of its guests. `gone`: we cancelled it."""

    event_id: str
    generation: int
    made: bool
    gone: bool
    meeting_id: int
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class CalendarGroup:
    id: int
    cohort_id: int
    name: str
    cohort: str
    course: str
    live: bool  # preview or active, in an open cohort
    set_up: bool
    asked: bool  # a realize request is pending
    weekly: Slot | None
    zone: str
    meetings: tuple[MeetingFacts, ...] = ()
    members: tuple[CalendarPerson, ...] = ()
    former: tuple[CalendarPerson, ...] = ()  # whose membership has ended, or account was closed
    guests: tuple[Guest, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    all_series: tuple[SeriesRecord, ...] = ()  # newest first, without those that are gone
    next_generation: int = 1
    events: tuple[EventRecord, ...] = ()  # newest first

    @property
    def series(self) -> SeriesRecord | None:
        """The newest series that was made."""
        return next((record for record in self.all_series if record.made), None)

    @property
    def intent(self) -> SeriesRecord | None:
        """The newest series if no response has shown yet that it exists."""
        newest = self.all_series[0] if self.all_series else None
        return newest if newest and not newest.made else None


@dataclass(frozen=True, slots=True)
class CalendarSnapshot:
    """The data of all groups, or of some.

    `own_events`: a guest is invited by a separate event and not on the host's occurrence.
    `erased`: addresses of people who are being erased, also from what is over. `copies`: each
    group's events as Google last reported them, by id. `is_whole`: it has all groups.
    """

    installation: str
    site_url: str
    own_events: bool
    erased: frozenset[str] = frozenset()
    groups: Mapping[int, CalendarGroup] = field(default_factory=dict)
    copies: Mapping[int, Mapping[str, ObservedEvent]] = field(default_factory=dict)
    is_whole: bool = True
