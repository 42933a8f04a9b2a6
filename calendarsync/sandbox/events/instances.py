"""The occurrences of a series: stored exceptions, and the others, which are computed."""

import re
from collections.abc import Iterator

from calendarsync.sandbox.events.recurrence import end_of, is_recurring, stamps, start_of
from calendarsync.sandbox.state import Event, State

INSTANCE_ID = re.compile(r"(.+)_(\d{8}(?:T\d{6}Z)?)")


def instance_id(series: str, stamp: str) -> str:
    """Return an occurrence's id. In a part that was split off it has the original series' id."""
    return f"{whole_id(series)}_{stamp}"


def whole_id(series: str) -> str:
    return series.partition("_R")[0]


def is_series(event: Event) -> bool:
    return event["series"] is None and is_recurring(event["fields"])


def find(state: State, event_id: str) -> Event | None:
    """Return the event with this id, or the computed occurrence; None if there is neither."""
    stored = state.events.get(event_id)
    if stored is not None:
        return stored
    found = INSTANCE_ID.fullmatch(event_id)
    for series in _parts(state, found[1]) if found else ():
        if found and found[2] in stamps(series["fields"]):
            return occurrence(series, found[2])
    return None


def _parts(state: State, series_id: str) -> Iterator[Event]:
    """Yield the series with this id and the parts that were split off from it."""
    for event in state.events.values():
        is_part = event["id"] == series_id or event["id"].startswith(f"{series_id}_R")
        if is_part and is_series(event):
            yield event


def occurrence(series: Event, stamp: str) -> Event:
    """Return one occurrence as its series defines it, in the shape of an event."""
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
    """Yield all occurrences in order of their original start; exceptions as they are stored."""
    for stamp in stamps(series["fields"]):
        stored = state.events.get(instance_id(series["id"], stamp))
        is_own = stored is not None and stored["series"] == series["id"]
        yield stored if stored is not None and is_own else occurrence(series, stamp)


def exceptions(state: State, series_id: str) -> list[Event]:
    return [event for event in state.events.values() if event["series"] == series_id]


def status(state: State, event: Event) -> str:
    """Return the status. Exceptions of a deleted series are deleted and restored with it."""
    series = state.events.get(event["series"]) if event["series"] else None
    if series is not None and series["status"] == "cancelled":
        return "cancelled"
    return str(event["status"])


def is_cancelled(state: State, event: Event) -> bool:
    return status(state, event) == "cancelled"
