"""Scratch events far ahead: their bodies, and the calls that make, read and change them."""

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calendarsync.plan.calls import NOTIFY_NONE, Times
from calendarsync.state import ids
from calendarsync.state.observed import ObservedEvent
from cohorts import clock
from cohorts.reconcile.verify.bench import Bench

EVENT = "event"
ZONE = "Europe/Berlin"
AHEAD = timedelta(weeks=104)
WEEK = timedelta(weeks=1)
SUMMARY = "Lens check, safe to delete"
PROPERTY = "lens_check"


def far_ahead() -> datetime:
    """Return noon in `ZONE` on the same day of the week in two years."""
    day = (clock.now() + AHEAD).astimezone(ZoneInfo(ZONE))
    return day.replace(hour=12, minute=0, second=0, microsecond=0)


def event_id(bench: Bench, name: str) -> str:
    """Return an id that Google accepts and that no event of a group has (`state/ids.py`)."""
    return f"lenscheck{bench.run}{name.encode().hex()}"


def body_of(bench: Bench, name: str, start: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "id": event_id(bench, name),
        **Times(start, 30, ZONE).body(),
        "summary": SUMMARY,
        "description": bench.mark,
        "transparency": "transparent",
        "reminders": {"useDefault": False},
        "extendedProperties": {"private": {PROPERTY: bench.run}},
        **fields,
    }


def weekly(count: int, *more: str) -> dict[str, list[str]]:
    return {"recurrence": [f"RRULE:FREQ=WEEKLY;COUNT={count}", *more]}


def make(bench: Bench, body: dict[str, Any]) -> ObservedEvent:
    return bench.make(EVENT, body["id"], _insert(bench, body), outside_id=body["id"])


def try_to_make(bench: Bench, body: dict[str, Any]) -> Any:
    """Return the event, or the error by which Google refused it."""
    return bench.try_to_make(EVENT, body["id"], _insert(bench, body), outside_id=body["id"])


def _insert(bench: Bench, body: dict[str, Any]) -> Coroutine[Any, Any, ObservedEvent]:
    created: Coroutine[Any, Any, ObservedEvent] = bench.client.insert(body, notify=NOTIFY_NONE)
    return created


def insert_again(bench: Bench, body: dict[str, Any]) -> Any:
    """Insert an id that the journal has already."""
    return bench.attempt(_insert(bench, body))


def patch(bench: Bench, event: ObservedEvent, **fields: Any) -> ObservedEvent:
    """Change an event, whatever its ETag is."""
    written: ObservedEvent = bench.call(
        bench.client.patch(replace(event, etag=""), fields, notify=NOTIFY_NONE)
    )
    return written


def patch_if_unchanged(bench: Bench, event: ObservedEvent, **fields: Any) -> Any:
    """Change an event with If-Match; return it, or the refusal."""
    return bench.attempt(bench.client.patch(event, fields, notify=NOTIFY_NONE))


def read(bench: Bench, wanted: str) -> ObservedEvent | None:
    return bench.call(bench.client.get(wanted))


def delete(bench: Bench, event: ObservedEvent) -> Any:
    """Delete an event and return None, or the refusal."""
    return bench.attempt(bench.client.delete(replace(event, etag=""), notify=NOTIFY_NONE))


def occurrence(series: ObservedEvent, start: datetime) -> ObservedEvent:
    """Return an occurrence that was not read, to be changed."""
    return unread(ids.occurrence_id(series.id, start))


def unread(wanted: str) -> ObservedEvent:
    return ObservedEvent(id=wanted, etag="", status="confirmed")


def raw(event: ObservedEvent | None) -> Mapping[str, Any]:
    """Return Google's JSON, or nothing for an event that does not exist."""
    return event.raw if event else {}


def clock_change(*, to_summer: bool) -> datetime:
    """Return 02:30 on the last Sunday of March or October in two years, when clocks change in
    `ZONE`: an hour that does not exist or occurs twice. Without a UTC offset."""
    year, month = clock.now().year + 2, 3 if to_summer else 10
    last = datetime(year, month, 31, 2, 30, tzinfo=UTC).replace(tzinfo=None)
    return last - timedelta(days=(last.weekday() + 1) % 7)
