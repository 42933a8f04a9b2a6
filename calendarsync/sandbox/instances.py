"""The occurrences of a series: the exceptions that are stored and the rest, which are computed."""

import re
from collections.abc import Iterator

from calendarsync.sandbox.recurrence import end_of, is_recurring, stamps, start_of
from calendarsync.sandbox.state import Event, State

INSTANCE_ID = re.compile(r"(.+)_(\d{8}(?:T\d{6}Z)?)")


def instance_id(series: str, stamp: str) -> str:
    return f"{series}_{stamp}"


def is_series(event: Event) -> bool:
    return event["series"] is None and is_recurring(event["fields"])


def find(state: State, event_id: str) -> Event | None:
    """The event of that id, or the occurrence that nobody has changed yet."""
    stored = state.events.get(event_id)
    if stored is not None:
        return stored
    found = INSTANCE_ID.fullmatch(event_id)
    series = state.events.get(found[1]) if found else None
    if series is None or not found or not is_series(series):
        return None
    return occurrence(series, found[2]) if found[2] in stamps(series["fields"]) else None


def occurrence(series: Event, stamp: str) -> Event:
    """What the series says about one occurrence, in the shape of an event."""
    fields = {key: value for key, value in series["fields"].items() if key != "recurrence"}
    start, end = series["fields"]["start"], series["fields"]["end"]
    fields |= {"start": start_of(stamp, start), "end": end_of(stamp, start, end)}
    return {
        **series,
        "id": instance_id(series["id"], stamp),
        "series": series["id"],
        "original": stamp,
        "fields": fields,
    }


def occurrences(state: State, series: Event) -> Iterator[Event]:
    """All occurrences in order of their original start; exceptions as they are stored."""
    for stamp in stamps(series["fields"]):
        stored = state.events.get(instance_id(series["id"], stamp))
        yield stored if stored is not None else occurrence(series, stamp)


def exceptions(state: State, series_id: str) -> list[Event]:
    return [event for event in state.events.values() if event["series"] == series_id]


def status(state: State, event: Event) -> str:
    """Exceptions of a deleted series are deleted with it, and come back with it."""
    series = state.events.get(event["series"]) if event["series"] else None
    if series is not None and series["status"] == "cancelled":
        return "cancelled"
    return str(event["status"])


def is_cancelled(state: State, event: Event) -> bool:
    return status(state, event) == "cancelled"
