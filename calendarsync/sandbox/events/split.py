"""Split a series as a person does in Google's own pages: "this and all following events"."""

from calendarsync.sandbox.events.instances import (
    exceptions,
    find,
    is_cancelled,
    is_series,
    whole_id,
)
from calendarsync.sandbox.events.recurrence import cut_before, end_of, shorten, stamps, start_of
from calendarsync.sandbox.events.responses import occurrence_id
from calendarsync.sandbox.events.series import rewrite_exceptions, share_version
from calendarsync.sandbox.state import Event, State, next_revision, next_serial
from calendarsync.sandbox.times import timestamp


def split(state: State, event_id: str, at: str) -> Event:
    """Return the new series, with an id of the form `<id>_R<start in UTC>`; raise ValueError."""
    series = find(state, event_id)
    if series is None or not is_series(series) or is_cancelled(state, series):
        raise ValueError(f"There is no series {event_id}.")
    stamp = occurrence_id(series, at).rpartition("_")[2]
    place = stamps(series["fields"], exdates=False).index(stamp)
    if not place:
        raise ValueError("A series cannot be split at its first occurrence.")
    later = _later(state, series, stamp, place)
    moved = [event for event in exceptions(state, event_id) if event["original"] >= stamp]
    state.events[later["id"]] = later
    _shorten(state, series, stamp, later)
    for event in moved:
        _carry_over(state, event, later)
    share_version(state, later)
    return later


def _later(state: State, series: Event, stamp: str, place: int) -> Event:
    start, end = series["fields"]["start"], series["fields"]["end"]
    fields = {
        **series["fields"],
        "start": start_of(stamp, start),
        "end": end_of(stamp, start, end),
        "recurrence": shorten(series["fields"]["recurrence"], place),
    }
    later_id = f"{whole_id(series['id'])}_R{stamp.removesuffix('Z')}"
    return {
        **series,
        "id": later_id,
        "iCalUID": f"{later_id}@google.com",
        "serial": next_serial(state),
        "rev": next_revision(state),
        "updated": timestamp(state.now()),
        "fields": fields,
    }


def _shorten(state: State, series: Event, stamp: str, later: Event) -> None:
    rules = cut_before(series["fields"]["recurrence"], stamp, series["fields"]["start"])
    shorter = {
        **series,
        "fields": {**series["fields"], "recurrence": rules},
        "rev": later["rev"],
        "updated": later["updated"],
        "sequence": series["sequence"] + 1,
    }
    state.events[series["id"]] = shorter
    kept = [event for event in exceptions(state, series["id"]) if event["original"] < stamp]
    rewrite_exceptions(state, series, shorter, ())
    # The earlier part is not edited, so its exceptions stay unchanged.
    state.events.update({event["id"]: event for event in kept})


def _carry_over(state: State, event: Event, later: Event) -> None:
    """Move an exception to the new series. It keeps its id, so no ghost remains."""
    state.ghosts.pop(event["id"], None)
    state.events[event["id"]] = {
        **event, "series": later["id"], "rev": later["rev"], "updated": later["updated"],
    }  # fmt: skip
