"""Split a series as a person does in Google's own pages: "this and all following events"."""

import secrets
from datetime import UTC

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
from calendarsync.sandbox.times import instant, read_instant, timestamp, write


def split(state: State, event_id: str, at: str, to: str | None = None) -> Event:
    """Return the new series; raise ValueError or GoogleError.

    Its id has the form `<id>_R<start in UTC>`. If the occurrence is also moved, to begin at `to`,
    the new series has an id of its own and none of the exceptions.
    """
    series = find(state, event_id)
    if series is None or not is_series(series) or is_cancelled(state, series):
        raise ValueError(f"There is no series {event_id}.")
    stamp = occurrence_id(series, at).rpartition("_")[2]
    place = stamps(series["fields"], exdates=False).index(stamp)
    if not place:
        raise ValueError("A series cannot be split at its first occurrence.")
    later = _later(state, series, stamp, place)
    if to is not None:
        later = _moved(state, later, to)
    kept = [event for event in exceptions(state, event_id) if event["original"] >= stamp]
    state.events[later["id"]] = later
    _shorten(state, series, stamp, later)
    for event in kept if to is None else ():
        _carry_over(state, event, later)
    share_version(state, state.events[event_id])
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


def _moved(state: State, later: Event, to: str) -> Event:
    """Return the new series at another time. Nothing in its names leads back to the first one."""
    fields, start = later["fields"], read_instant(to)
    length = instant(fields["end"]) - instant(fields["start"])
    fields = {
        **fields,
        "start": {**fields["start"], "dateTime": write(start, UTC)},
        "end": {**fields["end"], "dateTime": write(start + length, UTC)},
    }
    if state.settings["moved_part"] == "unmarked":
        fields.pop("extendedProperties", None)
    own_id = secrets.token_hex(13)
    uid = f"{secrets.token_hex(13)}@google.com"
    return {**later, "id": own_id, "iCalUID": uid, "sequence": 0, "fields": fields}


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
