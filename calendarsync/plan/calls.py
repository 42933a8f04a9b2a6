"""The calls that a plan can ask for, as frozen values, and their JSON. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calendarsync.state import ids
from calendarsync.state.ids import Mark
from calendarsync.state.observed import Attendee, EventDetails, ObservedEvent
from calendarsync.state.slots import SeriesSlot

NOTIFY_ALL, NOTIFY_NONE = "all", "none"  # sendUpdates
# Guests with a Google calendar see the change there; others learn of it only by e-mail.
NOTIFY_OUTSIDE = "externalOnly"


@dataclass(frozen=True, slots=True)
class Times:
    """When an event takes place: start, length in minutes, and the organizer's time zone."""

    start: datetime
    minutes: int
    zone: str

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    def hold(self, event: ObservedEvent) -> bool:
        return (event.start, event.end) == (self.start, self.end)

    def body(self) -> dict[str, Any]:
        return {"start": _moment(self.start, self.zone), "end": _moment(self.end, self.zone)}


@dataclass(frozen=True, slots=True)
class CreateEvent:
    """Insert a series (with a `SeriesSlot`) or a single event (with `Times`), inviting everyone."""

    details: EventDetails
    when: SeriesSlot | Times
    people: tuple[str, ...]

    @property
    def mark(self) -> Mark:
        assert self.details.mark is not None, "what we create carries our mark"
        return self.details.mark

    @property
    def event_id(self) -> str:
        return ids.make_id(self.mark)

    def body(self) -> dict[str, Any]:
        when = _series_body(self.when) if isinstance(self.when, SeriesSlot) else self.when.body()
        people = [Attendee.invite(address).body() for address in self.people]
        return {"id": self.event_id, **when, **details_body(self.details), "attendees": people}

    def result(self) -> ObservedEvent:
        """Return the event after this call."""
        slot = self.when if isinstance(self.when, SeriesSlot) else None
        start = self.when.starts()[0] if isinstance(self.when, SeriesSlot) else self.when.start
        return ObservedEvent(
            id=self.event_id,
            etag="created",
            status="confirmed",
            details=self.details,
            start=start,
            end=start + timedelta(minutes=self.when.minutes),
            slot=slot,
            attendees=tuple(Attendee.invite(address) for address in self.people),
        )


@dataclass(frozen=True, slots=True)
class EditEvent:
    """Change an event that was observed. `restore` brings back a cancelled occurrence."""

    event: ObservedEvent
    details: EventDetails | None = None
    times: Times | None = None
    invite: tuple[str, ...] = ()
    remove: frozenset[str] = frozenset()
    restore: bool = False
    notify: str = NOTIFY_ALL

    def body(self, attendees: Iterable[Attendee]) -> dict[str, Any]:
        """Return the JSON to send.

        `attendees` is the current list; remaining entries are sent unchanged.
        """
        body = details_body(self.details) if self.details else {}
        body |= self.times.body() if self.times else {}
        if self.invite or self.remove or self.restore:
            body["attendees"] = [one.body() for one in self.listed(attendees)]
        return body | ({"status": "confirmed"} if self.restore else {})

    def is_done(self, event: ObservedEvent) -> bool:
        """Return whether the event already has the people, times and texts of this call."""
        return (
            event.people.issuperset(self.invite)
            and event.people.isdisjoint(self.remove)
            and (self.times is None or self.times.hold(event))
            and (self.details is None or self.details == event.details)
        )

    def result(self) -> ObservedEvent:
        """Return the event after this call."""
        event = self.event
        return replace(
            event,
            etag="edited",
            status="confirmed" if self.restore else event.status,
            details=self.details or event.details,
            start=self.times.start if self.times else event.start,
            end=self.times.end if self.times else event.end,
            attendees=tuple(self.listed(event.attendees)),
        )

    def listed(self, attendees: Iterable[Attendee]) -> list[Attendee]:
        """Return the list after this call, from the current one."""
        kept = [one for one in attendees if one.address not in self.remove]
        present = {one.address for one in kept}
        return kept + [Attendee.invite(new) for new in self.invite if new not in present]


@dataclass(frozen=True, slots=True)
class CancelEvent:
    """Delete an event or one occurrence. Google keeps it with status "cancelled"."""

    event: ObservedEvent
    notify: str = NOTIFY_ALL

    def result(self) -> ObservedEvent:
        """Return the event after this call. Google's response is empty, without an ETag."""
        return replace(self.event, status="cancelled", etag="")


@dataclass(frozen=True, slots=True)
class ReadExceptions:
    """Read how our write to a series has changed its exceptions."""


Call = CreateEvent | EditEvent | CancelEvent | ReadExceptions


def details_body(details: EventDetails) -> dict[str, Any]:
    properties = ids.to_properties(details.mark) if details.mark else {}
    return {
        "summary": details.summary,
        "description": details.description,
        "location": details.location,
        "guestsCanSeeOtherGuests": details.guests_see,
        "guestsCanInviteOthers": details.guests_invite,
        "guestsCanModify": details.guests_modify,
        "reminders": {"useDefault": details.reminders, "overrides": []},
        "extendedProperties": {"private": properties},
    }


def _series_body(slot: SeriesSlot) -> dict[str, Any]:
    """Return times and recurrence. The first start and end define those of all weeks.

    If a clock change affects the first occurrence, the series begins a week earlier instead and
    excludes that additional occurrence.
    """
    bent = slot.is_bent()
    first = slot.first - timedelta(weeks=1) if bent else slot.first
    start = first.replace(tzinfo=ZoneInfo(slot.zone)).astimezone(UTC)
    excluded = [f"EXDATE;TZID={slot.zone}:{first:%Y%m%dT%H%M%S}"] if bent else []
    return {
        **Times(start, slot.minutes, slot.zone).body(),
        "recurrence": [f"RRULE:FREQ=WEEKLY;COUNT={slot.count + bent}", *excluded],
    }


def _moment(moment: datetime, zone: str) -> dict[str, str]:
    return {"dateTime": moment.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}
