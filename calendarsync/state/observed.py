"""The observed state of the calendar, as frozen values, and how Google's JSON is read. Pure.

Google omits fields that have their default value and writes times in the calendar's own zone. Here
defaults are filled in and times are in UTC, so that two equal events compare equal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from calendarsync.state import ids
from calendarsync.state.slots import SeriesSlot

Body = Mapping[str, Any]
WEEK = timedelta(weeks=1)
UTC_STAMP = re.compile(r"\d{8}T\d{6}Z")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Attendee:
    """One entry of the list, kept unchanged because the list can only be written as a whole.

    `person`: our address of a person who is listed by Google under another address.
    """

    entry: tuple[tuple[str, Any], ...]
    person: str = ""

    @classmethod
    def invite(cls, address: str) -> Attendee:
        """Return a new entry. It has no answer, because only the person may give one."""
        return cls((("email", address),))

    @cached_property
    def address(self) -> str:
        return self.person or str(self._get("email", "")).lower()

    @property
    def answer(self) -> str:
        return str(self._get("responseStatus", "needsAction"))

    @cached_property
    def belongs(self) -> bool:
        """Whether this is the calendar's own entry or a room, which gives no one access."""
        return any(self._get(flag, False) for flag in ("self", "organizer", "resource"))

    def body(self) -> dict[str, Any]:
        return dict(self.entry)

    def _get(self, name: str, default: Any) -> Any:
        return next((value for key, value in self.entry if key == name), default)


@dataclass(frozen=True, slots=True)
class EventDetails:
    """An event's texts and options, without times and people."""

    summary: str = ""
    description: str = ""
    location: str = ""
    guests_see: bool = True
    guests_invite: bool = True
    guests_modify: bool = False
    reminders: bool = True
    mark: ids.Mark | None = None


@dataclass(frozen=True)
class ObservedEvent:
    """An event, series or occurrence.

    `series_id` and `original` (its original start) belong to an occurrence that differs from its
    series. `slot` belongs to a weekly series with a number of weeks; it is None for any other
    rhythm. An event without an `etag` was not read but derived from its series. `written_at`: when
    anyone last changed it or its family, including by answering. `continues`: the id of our series
    of which this is a later part (see `later_parts`). `raw` is Google's JSON.
    """

    id: str
    etag: str
    status: str
    details: EventDetails = EventDetails()
    series_id: str | None = None
    original: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    slot: SeriesSlot | None = None
    attendees: tuple[Attendee, ...] = ()
    omitted: bool = False  # Google left attendees out: writing the list would lose them
    written_at: datetime | None = field(default=None, compare=False)
    continues: str = ""
    raw: Body = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def whole_id(self) -> str:
        """The id of the series that an occurrence belongs to; for any other event its own id."""
        return self.series_id or self.id

    @cached_property
    def people(self) -> frozenset[str]:
        return frozenset(one.address for one in self.attendees)

    def with_aliases(self, aliases: Mapping[str, str]) -> ObservedEvent:
        """Return the event with our addresses of people whom Google lists under others."""
        attendees = (replace(a, person=aliases.get(a.address, a.person)) for a in self.attendees)
        return replace(self, attendees=tuple(attendees))

    @cached_property
    def belonging(self) -> frozenset[str]:
        return frozenset(one.address for one in self.attendees if one.belongs)


@dataclass(frozen=True)
class ObservedCalendar:
    """Events of one group by id: series, occurrences that differ from theirs, and single events.

    `unread`: series that we wrote since the observation. Their exceptions must be read before they
    are compared again, because Google may have reset fields and kept, overwritten or merged
    attendees. `refused` and `stays`: addresses for which our writes have shown this
    (`facts.AddressBook`).
    """

    events: Mapping[str, ObservedEvent] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()

    @cached_property
    def exceptions(self) -> Mapping[str, Mapping[datetime, ObservedEvent]]:
        """Exceptions by series id, then by original start."""
        found: dict[str, dict[datetime, ObservedEvent]] = {}
        for event in self.events.values():
            if event.series_id and event.original:
                found.setdefault(event.series_id, {})[event.original] = event
        return found

    @cached_property
    def split_off(self) -> tuple[ObservedEvent, ...]:
        """The existing parts that someone split off from a series by hand."""
        whole = (one for one in self.events.values() if not (one.series_id or one.is_cancelled))
        return tuple(event for event in whole if ids.is_split_off(event.id))

    @cached_property
    def split(self) -> frozenset[str]:
        """Ids from which someone split off later occurrences by hand."""
        parts = {event.whole_id for event in self.events.values() if not event.is_cancelled}
        return frozenset(ids.base_of(pk) for pk in parts if ids.is_split_off(pk) and self._has(pk))

    @cached_property
    def later_parts(self) -> tuple[ObservedEvent, ...]:
        """Existing events that hold later meetings of one of our series and are not ours."""
        events = self.events.values()
        return tuple(event for event in events if event.continues and not event.is_cancelled)

    def _has(self, event_id: str) -> bool:
        """Return whether an event exists.

        A series that is not listed does if its occurrences are.
        """
        event = self.events.get(event_id)
        return event is None or not event.is_cancelled


@dataclass(frozen=True, slots=True)
class WriteResult:
    """An event after a write, and what the response has shown about the addresses on its list.

    `aliases`: our address by Google's. `refused`, `stays`: see `facts.AddressBook`.
    """

    event: ObservedEvent
    aliases: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    stays: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """Google's JSON of one listing: of everything (`full`), or of what changed since the last one.

    Among it may be events that are not ours. `role`: what Lens may do in the calendar, such as
    "writer". `asked_at`: when it began, on time.monotonic(). Later changes may be missing.
    """

    bodies: tuple[Body, ...]
    cursor: str
    full: bool
    role: str = ""
    asked_at: float = field(default=math.inf, compare=False)


@dataclass(frozen=True, slots=True)
class StoredState:
    """What a client needs from the database.

    `awaited`: ids that must be found or confirmed as gone; `uncopied`: those of which no earlier
    observation stored a copy.
    """

    cursor: str = ""
    awaited: frozenset[str] = frozenset()
    uncopied: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)


# -- reading Google's JSON -------------------------------------------------------------------


NO_ALIASES: Mapping[str, str] = {}


def read_event(answer: Body, aliases: Mapping[str, str] = NO_ALIASES) -> ObservedEvent:
    """Return the event in Google's JSON.

    Every field except the id may be missing; then an occurrence's id says which series it belongs
    to. `aliases`: our addresses of people by those under which Google lists them.
    """
    body = {name: value for name, value in answer.items() if value is not None}
    series_id, original = ids.read_occurrence(body["id"]) or (None, None)
    return ObservedEvent(
        id=body["id"],
        etag=body.get("etag", ""),
        status=body.get("status", "confirmed"),
        details=_read_details(body),
        series_id=body.get("recurringEventId", series_id),
        original=_read_moment(body.get("originalStartTime")) or original,
        start=_read_moment(body.get("start")),
        end=_read_moment(body.get("end")),
        slot=_read_slot(body),
        attendees=tuple(_read_attendees(body, aliases)),
        omitted=bool(body.get("attendeesOmitted")),
        written_at=_read_moment({"dateTime": body["updated"]} if "updated" in body else None),
        raw=answer,
    )


def absent(event_id: str) -> Body:
    """Return the JSON of a deleted event, for an id that Google says does not exist."""
    return {"id": event_id, "status": "cancelled"}


def occurrence_of(series: ObservedEvent, original: datetime) -> ObservedEvent:
    """Return an unchanged occurrence, derived from its series."""
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


def _read_details(body: Body) -> EventDetails:
    reminders = body.get("reminders", {})
    private = body.get("extendedProperties", {}).get("private", {})
    return EventDetails(
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
    """Return a time in UTC; None for an all-day date, which we never write."""
    if not when or "dateTime" not in when:
        return None
    moment = datetime.fromisoformat(when["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_read_zone(when) or UTC)
    return moment.astimezone(UTC)


def _read_slot(body: Body) -> SeriesSlot | None:
    """Return the slot of a weekly series, else None.

    If the first occurrence is excluded, the slot begins with the next one (see
    `calls._series_body`).
    """
    start, end = _read_moment(body.get("start")), _read_moment(body.get("end"))
    zone = _read_zone(body.get("start", {}))
    lines = body.get("recurrence", ())
    rules = [line for line in lines if line.startswith("RRULE:")]
    if not start or not end or not zone or len(rules) != 1:
        return None
    first = start.astimezone(zone).replace(tzinfo=None)
    count = _read_count(rules[0], first, zone)
    excluded = {moment for line in lines if line not in rules for moment in _read_excluded(line)}
    if not count or not excluded <= {start} or len(excluded) >= count:
        return None
    minutes = int((end - start).total_seconds() // 60)
    return SeriesSlot(first + WEEK * len(excluded), zone.key, minutes, count - len(excluded))


def _read_excluded(line: str) -> Iterator[datetime | None]:
    """Yield the moments that an EXDATE line names, or None for a line of another kind."""
    name, _, values = line.partition(":")
    kind, *parameters = name.split(";")
    zone = dict(parameter.partition("=")[::2] for parameter in parameters).get("TZID", "UTC")
    for text in values.split(","):
        yield _read_moment({"dateTime": text, "timeZone": zone}) if kind == "EXDATE" else None


def _read_zone(when: Body) -> ZoneInfo | None:
    """Return the time zone, or None if it is not an IANA zone: an import may have left one."""
    try:
        return ZoneInfo(when["timeZone"])
    except (KeyError, ValueError):
        return None


def _read_count(line: str, first: datetime, zone: ZoneInfo) -> int | None:
    """Return how many weeks a rule runs, or None if it is not weekly or runs for ever.

    Lens writes COUNT. A cut in Google's interface replaces it by UNTIL, a moment in UTC.
    """
    parts = dict(part.partition("=")[::2] for part in line.removeprefix("RRULE:").split(";"))
    day = WEEKDAYS[first.weekday()]
    # Google may add these to our rule without changing its meaning.
    plain = parts.pop("BYDAY", day) == day and parts.pop("INTERVAL", "1") == "1"
    parts.pop("WKST", None)
    if not plain or parts.pop("FREQ", "") != "WEEKLY" or len(parts) != 1:
        return None
    if "UNTIL" in parts:
        return _count_until(parts["UNTIL"], first, zone)
    count = parts.get("COUNT", "")
    return int(count) if count.isdecimal() else None


def _count_until(until: str, first: datetime, zone: ZoneInfo) -> int | None:
    if not UTC_STAMP.fullmatch(until):
        return None
    try:
        last = datetime.fromisoformat(until).astimezone(zone).replace(tzinfo=None)
    except (OverflowError, ValueError):  # the year 9999, east of UTC
        return None
    return max((last - first) // WEEK + 1, 0)
