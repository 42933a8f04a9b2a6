"""Meetings as iCalendar (RFC 5545). Pure.

How a calendar program sees changes to a meeting, which keeps its UID:

    moved                another DTSTART, a higher SEQUENCE
    cancelled            STATUS:CANCELLED, a higher SEQUENCE
    restored             STATUS:CONFIRMED, a higher SEQUENCE
    declined, or away    TRANSP:TRANSPARENT: the time is free, the meeting still visible
    visited              an entry of the host meeting, while the visit lasts

Start times are in UTC, so that no entry needs a VTIMEZONE; programs show them in their own zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

PRODUCT = "-//Lens//Meetings//EN"
REFRESH_INTERVAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One meeting. `sequence` counts its changes; `changed_at` is the time of the last one."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    location: str
    url: str
    is_cancelled: bool = False
    is_free: bool = False


def write_calendar(entries: Iterable[FeedEntry], *, name: str) -> bytes:
    """Serialize the entries. Equal entries give equal bytes."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: FeedEntry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("location", entry.location)
    event.add("url", entry.url)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.is_free or entry.is_cancelled else "OPAQUE")
    return event
