"""What stands in the calendar, as plain frozen values: what `observe` brings.  Pure.

Google leaves out fields that are at their default and writes times in the calendar's own zone;
here defaults are filled in and times are moments, so that two equal events compare equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from calendarsync import ids
from calendarsync.slots import Slot

Body = Mapping[str, Any]
WEEK = timedelta(weeks=1)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Attendee:
    """One entry of the list, kept to the letter: the list is only ever written whole.

    `person`: our address of the person whom Google lists under another.
    """

    entry: tuple[tuple[str, Any], ...]
    person: str = ""

    @classmethod
    def invite(cls, address: str) -> Attendee:
        """Nobody's answer is ours to give, so a new entry has none."""
        return cls((("email", address),))

    @property
    def address(self) -> str:
        return self.person or str(self._get("email", "")).lower()

    @property
    def answer(self) -> str:
        return str(self._get("responseStatus", "needsAction"))

    @property
    def belongs(self) -> bool:
        """The calendar's own entry and rooms are nobody's access."""
        return any(self._get(flag, False) for flag in ("self", "organizer", "resource"))

    def body(self) -> dict[str, Any]:
        return dict(self.entry)

    def _get(self, name: str, default: Any) -> Any:
        return dict(self.entry).get(name, default)


@dataclass(frozen=True, slots=True)
class Face:
    """What an event says of itself, times and people apart."""

    summary: str = ""
    description: str = ""
    location: str = ""
    guests_see: bool = True
    guests_invite: bool = True
    guests_modify: bool = False
    reminders: bool = True
    mark: ids.Mark | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """`series_id` and `original` (its original start) belong to an occurrence that differs from its
    series.  `slot` belongs to a weekly series with a number of weeks; None for any other rhythm.
    Without an `etag` it was not read itself but follows from its series.  `written_at`: when
    anybody changed it last, by answering too.  `raw` is Google's JSON.
    """

    id: str
    etag: str
    status: str
    face: Face = Face()
    series_id: str | None = None
    original: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    slot: Slot | None = None
    attendees: tuple[Attendee, ...] = ()
    omitted: bool = False  # Google left attendees out: writing the list would lose them
    written_at: datetime | None = field(default=None, compare=False)
    raw: str = field(default="", compare=False, repr=False)

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def whole_id(self) -> str:
        """The series that an occurrence belongs to; of anything else its own id."""
        return self.series_id or self.id

    @property
    def people(self) -> frozenset[str]:
        return frozenset(one.address for one in self.attendees)

    @property
    def belonging(self) -> frozenset[str]:
        return frozenset(one.address for one in self.attendees if one.belongs)


@dataclass(frozen=True)
class Observed:
    """Our events by id: series, occurrences that differ from theirs, and single events.

    `unread`: series that we wrote since the look.  What became of their exceptions must be read
    before these are compared again (facts about Google: fields may be reset, attendees may be
    left alone, overwritten or merged).
    `refused` and `stays`: addresses of which a write of ours has shown that (facts.AddressBook).
    """

    events: Mapping[str, Event] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()

    @cached_property
    def exceptions(self) -> Mapping[str, Mapping[datetime, Event]]:
        """By series, then by original start."""
        found: dict[str, dict[datetime, Event]] = {}
        for event in self.events.values():
            if event.series_id and event.original:
                found.setdefault(event.series_id, {})[event.original] = event
        return found

    @cached_property
    def split(self) -> frozenset[str]:
        """Ids from which somebody split off later occurrences by hand."""
        parts = {event.whole_id for event in self.events.values() if not event.is_cancelled}
        return frozenset(ids.base_of(pk) for pk in parts if ids.is_split_off(pk) and self._has(pk))

    def _has(self, event_id: str) -> bool:
        """Whether an event stands.  Its occurrences are not listed when it is deleted."""
        event = self.events.get(event_id)
        return event is None or not event.is_cancelled

    def strangers(self, recorded: frozenset[str]) -> Iterator[Event]:
        """Standing events of ours, occurrences apart, that no record and no intent explains."""
        for event in self.events.values():
            is_whole = event.series_id is None and not ids.is_split_off(event.id)
            if is_whole and not event.is_cancelled and event.id not in recorded:
                yield event

    def with_written(self, event: Event) -> Observed:
        """After a write of ours; the exceptions of a written series are unread from then on."""
        unread = {event.id} if self.exceptions.get(event.id) else set()
        events = {**self.events, event.id: event}
        return replace(self, events=events, unread=self.unread | unread)

    def with_invited(self, invited: Invited) -> Observed:
        return replace(
            self.with_written(invited.event),
            refused=self.refused | invited.refused,
            stays=self.stays | invited.stays,
        )

    def with_reading(self, reading: Reading) -> Observed:
        kept = {} if reading.full else self.events
        events = {**kept, **{event.id: event for event in reading.events}}
        return replace(self, events=events, unread=frozenset())


@dataclass(frozen=True, slots=True)
class Invited:
    """An event after a write, and what it has shown of the addresses on its list.

    `aliases`: our address by Google's; `refused`, `stays`: see facts.AddressBook.
    """

    event: Event
    aliases: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look brought: all events of ours (`full`), or those that changed since the last.

    `asked_at`: when it began, on time.monotonic(); what happens later it need not show.
    """

    events: tuple[Event, ...]
    cursor: str
    full: bool
    asked_at: float = field(default=math.inf, compare=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """What was kept of the looks before, and what a look needs of our records.

    `recorded`: ids of everything that is ours by record.  `awaited`: those that must be found, or
    be said to be gone.  `adopt`: staff's word that marked events without a record are ours;
    `not_adopted`: those that could not be taken over at that word.
    """

    installation: str
    cursor: str = ""
    events: Mapping[str, Event] = field(default_factory=dict)
    recorded: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    adopt: bool = False
    not_adopted: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)


# -- reading Google's JSON -------------------------------------------------------------------


NO_ALIASES: Mapping[str, str] = {}


def read_event(answer: Body, aliases: Mapping[str, str] = NO_ALIASES) -> Event:
    """Every field but the id may be missing: an occurrence's id then says where it belongs.

    `aliases`: our addresses of people by those under which Google lists them.
    """
    body = {name: value for name, value in answer.items() if value is not None}
    series_id, original = ids.read_occurrence(body["id"]) or (None, None)
    return Event(
        id=body["id"],
        etag=body.get("etag", ""),
        status=body.get("status", "confirmed"),
        face=_read_face(body),
        series_id=body.get("recurringEventId", series_id),
        original=_read_moment(body.get("originalStartTime")) or original,
        start=_read_moment(body.get("start")),
        end=_read_moment(body.get("end")),
        slot=_read_slot(body),
        attendees=tuple(_read_attendees(body, aliases)),
        omitted=bool(body.get("attendeesOmitted")),
        written_at=_read_moment({"dateTime": body["updated"]} if "updated" in body else None),
        raw=json.dumps(answer, sort_keys=True),
    )


def absent(event_id: str) -> Event:
    """What a positive "not found" stands for: a deleted event that Google shows no more."""
    return read_event({"id": event_id, "status": "cancelled"})


def occurrence_of(series: Event, original: datetime) -> Event:
    """An occurrence that nobody has changed, as its series says."""
    length = series.end - series.start if series.start and series.end else timedelta(0)
    return replace(
        series,
        id=ids.occurrence_id(series.id, original),
        etag="",
        series_id=series.id,
        original=original,
        start=original,
        end=original + length,
        slot=None,
    )


def _read_face(body: Body) -> Face:
    reminders = body.get("reminders", {})
    private = body.get("extendedProperties", {}).get("private", {})
    return Face(
        summary=body.get("summary", ""),
        description=body.get("description", ""),
        location=body.get("location", ""),
        guests_see=body.get("guestsCanSeeOtherGuests", True),
        guests_invite=body.get("guestsCanInviteOthers", True),
        guests_modify=body.get("guestsCanModify", False),
        reminders=bool(reminders.get("useDefault", not reminders) or reminders.get("overrides")),
        mark=ids.from_properties(private),
    )


def _read_attendees(body: Body, aliases: Mapping[str, str]) -> Iterator[Attendee]:
    for entry in body.get("attendees", ()):
        person = aliases.get(str(entry.get("email", "")).lower(), "")
        yield Attendee(tuple(sorted(entry.items())), person)


def _read_moment(when: Body | None) -> datetime | None:
    """A time with its offset, as a moment; None for a whole day, which is no time of ours."""
    if not when or "dateTime" not in when:
        return None
    moment = datetime.fromisoformat(when["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_read_zone(when) or UTC)
    return moment.astimezone(UTC)


def _read_slot(body: Body) -> Slot | None:
    """A series whose first occurrence is excluded begins with the next one (calls.Create)."""
    start, end = _read_moment(body.get("start")), _read_moment(body.get("end"))
    zone = _read_zone(body.get("start", {}))
    lines = body.get("recurrence", ())
    rules = [line for line in lines if line.startswith("RRULE:")]
    if not start or not end or not zone or len(rules) != 1:
        return None
    first = start.astimezone(zone).replace(tzinfo=None)
    count = _read_count(rules[0], first)
    excluded = {moment for line in lines if line not in rules for moment in _read_excluded(line)}
    if not count or not excluded <= {start} or len(excluded) >= count:
        return None
    minutes = int((end - start).total_seconds() // 60)
    return Slot(first + WEEK * len(excluded), zone.key, minutes, count - len(excluded))


def _read_excluded(line: str) -> Iterator[datetime | None]:
    """The moments that an EXDATE line names; None for a line of another kind."""
    name, _, values = line.partition(":")
    kind, *parameters = name.split(";")
    zone = dict(parameter.partition("=")[::2] for parameter in parameters).get("TZID", "UTC")
    for text in values.split(","):
        yield _read_moment({"dateTime": text, "timeZone": zone}) if kind == "EXDATE" else None


def _read_zone(when: Body) -> ZoneInfo | None:
    """None for a zone that is none of IANA's: an import may have left one in the calendar."""
    try:
        return ZoneInfo(when["timeZone"])
    except (KeyError, ValueError):
        return None


def _read_count(line: str, first: datetime) -> int | None:
    """How many weeks a rule runs; None for one that is not weekly or has no number."""
    parts = dict(part.partition("=")[::2] for part in line.removeprefix("RRULE:").split(";"))
    day = WEEKDAYS[first.weekday()]
    # What Google may add to our rule without changing its meaning.
    plain = parts.pop("BYDAY", day) == day and parts.pop("INTERVAL", "1") == "1"
    parts.pop("WKST", None)
    if not plain or set(parts) != {"FREQ", "COUNT"} or parts["FREQ"] != "WEEKLY":
        return None
    return int(parts["COUNT"]) if parts["COUNT"].isdecimal() else None
